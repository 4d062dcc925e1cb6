// A test digit, mirrored or with noise, and what a network says of it. Its weights are in the page.

figures.digit = function (box, { images, labels, layers, noise, levels }) {
  const pixels = images.map(bytes);
  const network = layers.map(({ weight, scale: size, bias, inputs }) => ({
    weight: Float32Array.from(signedBytes(weight), (w) => w * size),
    bias,
    inputs,
  }));
  const drawn = bytes(noise).map((b) => b); // the same noise each time, from the lesson's run
  let digit = 0;
  let mirrored = false;
  let level = 0;

  const picture = html("canvas", { width: 28, height: 28, role: "img", class: "digit" });
  const bars = canvas(420, 230, "How sure the network is of each digit.");
  const marks = labels.map((_, i) => {
    const bar = svg("rect", { x: 40, y: 8 + 22 * i, height: 15, class: "bar" });
    const words = written(48, 20 + 22 * i, "", { "text-anchor": "start" });
    bars.append(written(28, 20 + 22 * i, String(i)), bar, words);
    return { bar, words };
  });
  const says = telling();
  const choice = html("select", { "aria-label": "Which digit" });
  labels.forEach((label) => choice.append(html("option", {}, `a ${label}`)));
  choice.addEventListener("change", () => {
    digit = choice.selectedIndex;
    show();
  });
  const flip = button("Mirror", () => {
    mirrored = !mirrored;
    flip.setAttribute("aria-pressed", String(mirrored));
    show();
  });
  flip.setAttribute("aria-pressed", "false");
  const { row } = slider("Noise", levels.length, 0, (i) => {
    level = i;
    show();
  });
  const side = html("div", { class: "beside" }, picture, bars);
  box.append(side, html("p", { class: "control" }, choice, " ", flip), row, says);
  show();

  function show() {
    const image = new Float32Array(784);
    for (let r = 0; r < 28; r++) {
      for (let c = 0; c < 28; c++) {
        const from = 28 * r + (mirrored ? 27 - c : c);
        const normal = (drawn[28 * r + c] - 128) / 32;
        image[28 * r + c] = pixels[digit][from] / 255 + levels[level] * normal;
      }
    }
    paint(picture, image);
    const shares = softmax(answer(network, image));
    const best = shares.indexOf(Math.max(...shares));
    marks.forEach(({ bar, words }, i) => {
      bar.setAttribute("width", Math.max(1, 300 * shares[i]));
      words.setAttribute("x", 46 + 300 * shares[i]);
      words.textContent = shares[i] >= 0.005 ? `${Math.round(100 * shares[i])} %` : "";
    });
    const how = `${mirrored ? ", mirrored" : ""}${level ? `, noise ${levels[level]}` : ""}`;
    picture.setAttribute("aria-label", `A handwritten ${labels[digit]}${how}`);
    const verdict = best === labels[digit] ? "right" : "wrong";
    says.textContent =
      `A ${labels[digit]}${how}: the network says ${best}, ` +
      `with ${Math.round(100 * shares[best])} %, which is ${verdict}.`;
  }
};

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function signedBytes(text) {
  return new Int8Array(bytes(text).buffer);
}

function answer(network, image) {
  return network.reduce((input, { weight, bias, inputs }, layer) => {
    const output = bias.map((b, i) => {
      let sum = b;
      for (let j = 0; j < inputs; j++) sum += weight[i * inputs + j] * input[j];
      return sum;
    });
    return layer < network.length - 1 ? output.map((value) => Math.max(0, value)) : output;
  }, image);
}

function softmax(scores) {
  const top = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - top));
  const sum = parts.reduce((a, b) => a + b);
  return parts.map((part) => part / sum);
}

function paint(picture, image) {
  const context = picture.getContext("2d");
  const data = context.createImageData(28, 28);
  image.forEach((value, i) => {
    const ink = 255 - 255 * Math.min(1, Math.max(0, value));
    data.data.set([ink, ink, ink, 255], 4 * i);
  });
  context.putImageData(data, 0, 0);
}
