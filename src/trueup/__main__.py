"""`python -m trueup`: the command `trueup` where its script is not on PATH."""

from trueup.cli.main import main

if __name__ == "__main__":
    main()
