"""Draws what a program printed, read from standard input, as a picture of a terminal, an SVG on standard output.

docs/images/first-run.svg is the beginning of a real run, with examples/shop/stock as the application:

    (echo '$ weir 2>&1 | cut -c 1-150'; timeout -s TERM 9 weir 2>&1 | cut -c 1-150) | head -26 |
        python3 docs/images/terminal.py > docs/images/first-run.svg

A line is as long as it was printed; a prompt is a line that begins with `$ `.
"""

import sys
from xml.sax.saxutils import escape

CHARACTER, LINE, MARGIN = 7.2, 17, 14


def main():
    lines = [line.rstrip("\n").expandtabs(2) for line in sys.stdin]
    width = round(max(map(len, lines)) * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#16181d"/>')
    print('<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" fill="#d7dae0" xml:space="preserve">')
    for number, line in enumerate(lines):
        y = MARGIN + (number + 1) * LINE - 5
        prompt = ' fill="#7fd88f" font-weight="bold"' if line.startswith("$ ") else ""
        length = f' textLength="{len(line) * CHARACTER:.1f}"' if line else ""
        print(f'<text x="{MARGIN}" y="{y}"{length}{prompt}>{escape(line)}</text>')
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
