"""Model files, taken apart and put together again with something changed."""

import json
import zipfile


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, changes, compression=zipfile.ZIP_STORED):
    contents = members(path) | changes
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(name, content)


def rewrite_header(path, **changes):
    header = json.loads(members(path)["header.json"]) | changes
    rewrite(path, {"header.json": json.dumps(header)})
