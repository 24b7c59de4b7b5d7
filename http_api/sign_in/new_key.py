"""``python -m http_api.sign_in.new_key``: makes an API key and the entry for the secret."""

from __future__ import annotations

import argparse
import sys

import msgspec

from http_api.sign_in.api_keys import new_key


def main(arguments: list[str]) -> int:
    """Print the key to standard output and, for the secret, its entry to standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m http_api.sign_in.new_key",
        description="Make an API key. The key is printed once and stored nowhere; add the entry to "
        'the list "keys" of the secret that ApiKeysSecretArn names.',
    )
    parser.add_argument("--id", required=True, help="name of the key: letters, digits, hyphens")
    parser.add_argument("--tenant", default="default", help="whose documents and answers")
    parser.add_argument("--user", required=True, help="who is asking")
    parser.add_argument("--group", action="append", default=[], help="document group; repeatable")
    options = parser.parse_args(arguments)
    groups = tuple(dict.fromkeys(["public", *options.group]))
    try:
        key, entry = new_key(options.id, options.tenant, options.user, groups)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(f"{key}\n")
    sys.stderr.write(f"Entry for the secret:\n{msgspec.json.encode(entry).decode()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
