"""Print how well pictures are read: `python -m tests.pictures --help`."""

import argparse

from tinygrad_mlp.experiment.recognise import BEST
from tinygrad_mlp.experiment.training import load_model

from .rates import DESIGN, JUDGE, OTHERS, by_kind, noticed, outcomes, row_right, share

WHOLE = {"singles": 60, "pairs": 6}
"""How many pictures of each kind, and of each pair of kinds, a half has."""


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("what", choices=["design", "judge", "others", "rows", "harder"])
    options = parser.parse_args()
    _, model = load_model(BEST)
    if options.what == "others":
        for kind in OTHERS:
            print(
                f"{kind:24} {share(noticed(kind, i, model) for i in range(200)):6.1f} %", flush=True
            )
    elif options.what == "rows":
        for count in (2, 5, 8):
            print(
                f"{count} digits  {share(row_right(count, i, model) for i in range(100)):6.1f} %",
                flush=True,
            )
    elif options.what == "harder":
        print_harder(model)
    else:
        half = DESIGN if options.what == "design" else JUDGE
        print_kinds(outcomes(half, **WHOLE, model=model))


def print_kinds(found):
    print("| kind | pictures | right % | alone % | unsure % |\n| --- | ---: | ---: | ---: | ---: |")
    for kind, ones in (by_kind(found) | {"all": found}).items():
        alone = share(one.right for one in ones if len(one.defects) < 2)
        print(
            f"| {kind} | {len(ones)} | {share(one.right for one in ones):.1f} | {alone:.1f} | "
            f"{share(one.unsure for one in ones):.1f} |"
        )
    print(f"refused: {sum(one.refused for one in found)}")
    sure = [one for one in found if not one.unsure]
    print(f"wrong without a doubt: {sum(not one.right for one in sure)} of {len(sure)}")


def print_harder(model):
    print("three defects at a time:", end=" ", flush=True)
    print(f"{share(one.right for one in outcomes(DESIGN, 0, 0, model, triples=400)):.1f} %")
    for strength in (1.5, 2.0, 3.0):
        print(f"\neach defect {strength} times as strong:")
        for kind, ones in by_kind(outcomes(DESIGN, 30, 0, model, strength)).items():
            print(f"{kind:20} {share(one.right for one in ones):6.1f} %", flush=True)


if __name__ == "__main__":
    main()
