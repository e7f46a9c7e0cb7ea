"""Writes a real transcript of `trueup demo --once` into docs/demo.md: `python docs/make_transcript.py [SAID]`.

SAID is a file with what the demo said; without one, the demo is played.
"""

import re
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).with_name("demo.md")
BEGIN, END = "<!-- transcript -->\n", "<!-- end of transcript -->"


def told() -> str:
    """What the demo says where nobody watches: plain text."""
    command = [sys.executable, "-P", "-m", "trueup", "demo", "--once"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def anywhere(text: str) -> str:
    """Without this machine's directories, and without spaces that nobody sees."""
    text = re.sub(r"/\S*trueup-demo-[^/\s]+", "DIR", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def main() -> None:
    text = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else told()
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}```text\n{anywhere(text)}\n```\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
