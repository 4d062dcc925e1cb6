"""A picture file from anywhere: named formats only, a limit of pixels, and every kind of pixel."""

import io
import os
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, ImageOps

from tinygrad_mlp.experiment.picture_files import FORMATS, MOST_PIXELS, read_picture
from tinygrad_mlp.experiment.preparation import prepare

from .pictures.plain import first_digits


def saved(tmp_path, image, name="digit.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def written(tmp_path, content, name="digit.png"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def png(width, height, data=b""):
    """A PNG file that says it is so large, grey, whatever its data."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def gif(width, height):
    """A GIF file that says it is so large, with one frame of the same size."""
    frame = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0)
    palette = b"\0\0\0\xff\xff\xff"
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    return b"GIF89a" + screen + palette + frame + b"\x02\x02\x44\x01\0;"


# What is hostile.


def test_an_eps_named_png_is_refused_and_starts_no_ghostscript(tmp_path, monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("it was started"))
    path = saved(tmp_path, Image.new("RGB", (30, 30)), "digit.eps").rename(tmp_path / "digit.png")
    with pytest.raises(ValueError, match="it is none of PNG, JPEG"):
        read_picture(path)


@pytest.mark.parametrize("form", ["DDS", "TGA", "ICNS", "PCX", "PDF", "SGI", "MSP", "XBM"])
def test_formats_that_are_not_named_are_refused(tmp_path, form):
    path = saved(
        tmp_path, Image.new("1" if form in ("MSP", "XBM") else "RGB", (32, 32)), format=form
    )
    with pytest.raises(ValueError, match="it is none of PNG, JPEG"):
        read_picture(path)


@pytest.mark.parametrize("form", FORMATS)
def test_named_formats_are_read(tmp_path, form):
    picture = Image.fromarray((255 * first_digits()[3]).astype(np.uint8)).resize((84, 84))
    path = saved(tmp_path, picture.convert("RGB"), "digit", format=form)
    assert np.abs(read_picture(path) - np.asarray(picture) / 255).mean() < 0.02


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            png(9_300, 9_300, zlib.compress(bytes(9_301 * 9_300), 9)), id="a PNG of 86 kB"
        ),
        pytest.param(png(10_000, 10_000), id="a PNG of which Pillow warns"),
        pytest.param(png(60_000, 60_000), id="a PNG beyond Pillow's own limit"),
        pytest.param(png(80_000_000, 1), id="a PNG of one row"),
        pytest.param(png(1, 80_000_000), id="a PNG of one column"),
        pytest.param(gif(9_000, 9_000), id="a small GIF"),
        pytest.param(gif(65_535, 65_535), id="a GIF beyond Pillow's own limit"),
    ],
)
def test_a_bomb_is_refused_before_memory_is_spent(tmp_path, content):
    path = written(tmp_path, content)
    assert path.stat().st_size < 100_000
    for form in ("PNG", "GIF"):  # what Pillow imports for its first one is not what is measured
        read_picture(saved(tmp_path, Image.new("L", (9, 9), 200), "first", format=form))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="at most 50,000,000 are read; make it smaller"):
            read_picture(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_a_picture_just_over_the_limit_is_refused_and_one_at_the_limit_is_not(tmp_path):
    side = MOST_PIXELS // 50
    over, just = png(50, side + 1), png(50, side)
    with pytest.raises(ValueError, match=r"50 x 1,000,001 pixels"):
        read_picture(written(tmp_path, over))
    with pytest.raises(ValueError, match="cannot be read as a picture"):  # there is no data in it
        read_picture(written(tmp_path, just))


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_not_a_picture_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r"digit.png: this cannot be read as a picture"):
        read_picture(written(tmp_path, content))


@pytest.mark.parametrize("form", FORMATS)
def test_half_a_picture_is_refused(tmp_path, form):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format=form)
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        read_picture(written(tmp_path, buffer.getvalue()[: len(buffer.getvalue()) // 2]))


@given(st.sampled_from(FORMATS), st.data())
def test_no_damage_causes_an_error_of_another_kind(tmp_path_factory, form, data):
    buffer = io.BytesIO()
    picture = np.arange(144, dtype=np.uint8).reshape(12, 12)
    Image.fromarray(picture).save(buffer, format=form)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.mktemp("damaged"), content)
    try:
        greys = read_picture(path)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert greys.ndim == 2 and greys.min() >= 0 and greys.max() <= 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere\\.png: no such file"):
        read_picture(tmp_path / "nowhere.png")


def test_a_folder_is_called_one(tmp_path):
    with pytest.raises(IsADirectoryError, match="this is a folder, not a file; name a picture"):
        read_picture(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among its files")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OSError, match=r"pipe\.png: this is a device or a pipe, not a file"):
        read_picture(tmp_path / "pipe.png")


# What is drawn, in every kind of pixel.


def test_a_picture_is_read_as_its_brightness(tmp_path):
    coloured = Image.new("RGB", (3, 2), (255, 0, 0))
    greys = read_picture(saved(tmp_path, coloured))
    np.testing.assert_allclose(greys, np.full((2, 3), 0.299), atol=1e-6)
    assert greys.dtype == np.float32


@pytest.mark.parametrize("ink, around", [((0, 0, 0), 1.0), ((255, 255, 255), 0.0)])
def test_transparent_paper_is_seen_behind_ink_of_either_colour(tmp_path, ink, around):
    picture = Image.new("RGBA", (30, 30), (*ink, 0))
    picture.paste((*ink, 255), (10, 5, 15, 25))
    greys = read_picture(saved(tmp_path, picture))
    assert greys[0, 0] == around and greys[10, 12] == pytest.approx(1 - around, abs=1e-6)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_png_is_read(tmp_path, mode):
    digit = first_digits()[3]
    grey = Image.fromarray((255 * digit).astype(np.uint8))
    if mode == "I;16":
        picture = Image.fromarray((65535 * digit).astype(np.uint16))
    else:
        picture = grey.convert(mode)
    image = prepare(read_picture(saved(tmp_path, picture)))
    assert np.corrcoef(image.ravel(), digit.ravel())[0, 1] > 0.85


def test_a_palette_with_a_transparent_colour_is_read(tmp_path):
    picture = Image.new("P", (20, 20), 1)
    picture.putpalette([255, 0, 0, 0, 0, 0])
    picture.paste(0, (5, 5, 10, 10))
    greys = read_picture(saved(tmp_path, picture, transparency=1))
    assert greys[0, 0] == 1 and greys[7, 7] == pytest.approx(0.299, abs=1e-6)


@pytest.mark.parametrize("name", ["digit.jpg", "digit.tif"])
def test_inks_of_a_printer_are_read_as_what_they_leave_of_white(tmp_path, name):
    picture = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (8, 8, 24, 24))
    greys = read_picture(saved(tmp_path, picture, name))
    assert greys[1, 1] > 0.98 and greys[16, 16] < 0.02


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    picture = Image.fromarray(np.full((5, 5), np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite numbers"):
        read_picture(saved(tmp_path, picture, "digit.tif"))


# The camera's note of how it was held (EXIF 2.3, tag 0x0112): where the first row and column are.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("held", UPRIGHT)
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_a_photograph_is_turned_as_the_camera_says(tmp_path, held, name):
    picture = np.full((16, 32), 250, np.uint8)
    picture[:8, :8] = 5
    exif = Image.Exif()
    exif[0x0112] = held
    greys = read_picture(saved(tmp_path, Image.fromarray(picture), name, exif=exif))
    np.testing.assert_allclose(greys, UPRIGHT[held](picture) / 255, atol=0.02)


def test_a_damaged_note_of_how_a_photograph_was_held_is_passed_over(tmp_path, monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    picture = np.full((4, 6), 250, np.uint8)
    greys = read_picture(saved(tmp_path, Image.fromarray(picture)))
    np.testing.assert_allclose(greys, picture / 255, atol=1e-6)


def test_numbers_without_a_scale_are_greys_up_to_the_largest_of_them(tmp_path):
    picture = Image.fromarray(np.array([[-1, 0, 0.125, 0.5]], np.float32))
    greys = read_picture(saved(tmp_path, picture, "digit.tif"))
    assert greys.tolist() == [[0, 0, 0.25, 1]]
    assert greys.dtype == np.float32


@pytest.mark.parametrize(("side", "reduced"), [(1000, 1000), (1001, 501), (2001, 667)])
def test_a_photograph_is_reduced_to_at_most_1000_pixels_a_side(tmp_path, side, reduced):
    greys = read_picture(saved(tmp_path, Image.new("L", (20, side), 200)))
    assert greys.shape[0] == reduced


def test_a_large_photograph_is_reduced(tmp_path):
    picture = np.full((3000, 2000), 250, np.uint8)
    picture[1000:2000, 1500:] = 5
    greys = read_picture(saved(tmp_path, Image.fromarray(picture)))
    assert greys.shape == (1000, 667)
    assert greys[500, 600] < 0.03 and greys[500, 400] > 0.97


def test_the_message_is_one_line_whatever_pillow_says(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise SyntaxError("a chunk\n\x1b\tis broken")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=re.escape("(a chunk is broken)")):
        read_picture(written(tmp_path, b"anything"))


def test_an_error_of_pillow_without_words_is_called_by_its_name(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=re.escape("(ZeroDivisionError)")):
        read_picture(written(tmp_path, b"anything"))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_half_a_photograph_that_was_held_upright_is_refused(tmp_path, form):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(buffer, format=form, exif=exif)
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        read_picture(written(tmp_path, buffer.getvalue()[: len(buffer.getvalue()) // 2]))
