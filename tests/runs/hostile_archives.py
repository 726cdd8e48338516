"""Archives that no run was packed into, made from a valid one: each maker yields what it did, and the file."""

import copy
import io
import json
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import load, save

Members = dict[str, bytes]
Made = Iterator[tuple[str, bytes]]

_NAMES = [
    *("../evil", "../../evil/config.json", "a/../../evil", "snapshots/../../evil", "/evil", "//evil", "~/evil"),
    *("C:\\evil", "C:/evil", "..\\evil", "snapshots\\epoch-001.npz", "\\\\host\\evil", "./config.json", "config.json/"),
    *("config.json\0", "config.json\0.txt", "\0", "\u202enosj.gifnoc", "c\u043enfig.json", "\uff43onfig.json"),
    *("config\u200b.json", "config.json\n", "x" * 5000, "\U0001f600" * 300, "CONFIG.JSON", " config.json", "con"),
    *("<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "snapshots/", "__MACOSX/._config.json", ".slots/x"),
    *("snapshots/epoch-\u0661\u0661\u0661.npz", "snapshots/epoch-999.npz", "snapshots/epoch-000.npz"),
    *("snapshots/epoch-0001.npz", "snapshots/epoch-1.npz", "lock", "stop", "resume", "log.txt", "evil.pkl"),
    *("projections/pca.npz", "source/config.json", "source/weights.safetensors", "source/events.jsonl", ""),
    *("start/config.json", "start/weights.safetensors", "start/source/config.json", "drawings.jsonl", "drawings.lock"),
]
_PICKLE = pickle.dumps({"weights": [1.0]})
_OPTIONAL = {
    *(("epoch", "health"), ("epoch", "train_sample"), ("started", "step"), ("started", "learned")),
    *(("finished", "summary"), ("step", "test")),
}
_NO_JSON = [
    *(b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"{'a': 1}"),
    *(b"[" * 90_000, b'{"a":' * 15_000, b'{"version": ' + b"9" * 5000 + b"}", b"\0", _PICKLE, b"{}", b"{}{}"),
]
_NO_NPY = [
    *("(((((" * 150, "{'descr': '|O', 'fortran_order': False, 'shape': (20,)}", "__import__('os').system('true')"),
    *("{'descr': '<i8', 'fortran_order': False, 'shape': (-20,)}", "{'descr': '<i8', 'fortran_order': True}"),
    *("{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999,)}", "{}", "", "\xff", "9" * 5000),
    *("{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "[" * 9000, "{'descr': 1}"),
    *("{'descr': '|V2000000000', 'fortran_order': False, 'shape': ()}", "{'descr': '<f8', 'shape': (20,)}"),
    *("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (20,)}", "{'descr': '>i8', 'shape': (20,)}"),
    *("{'descr': '<i8', 'fortran_order': False, 'shape': (20.0,)}", "{'descr': '<i8', 'shape': (True,)}"),
]


def members(archive: bytes) -> Members:
    """Return what is in a valid archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(content: Members, *more: tuple[str | zipfile.ZipInfo, bytes], deflate: bool = False) -> bytes:
    """Return a zip file of these members and some more, whose names may repeat."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as file:
        for name, data in [*content.items(), *more]:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo("x")
            if isinstance(name, str):
                info.filename = name  # the constructor would cut it off at NUL
                info.compress_type = file.compression
            file.writestr(info, data)
    return buffer.getvalue()


def with_fact(content: Members, path: tuple[str, ...], value: Any, member: str = "config.json") -> bytes:
    """Return the archive with one value of a JSON member replaced."""
    facts = json.loads(content[member])
    place = facts
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return zipped(content | {member: json.dumps(facts).encode()})


def odd_names(valid: Members, rng: Random) -> Made:
    for name in _NAMES:
        yield f"also {name[:40]!a}", zipped(valid, (name, b"evil"))
        yield f"config as {name[:40]!a}", zipped({k: v for k, v in valid.items() if k != "config.json"}, (name, b"{}"))
    for name in valid:
        yield f"{name} twice", _quiet(lambda name=name: zipped(valid, (name, valid[name])))
        for other in ("config.json", "weights.safetensors"):
            if other != name:
                yield f"{name} holds {other}", zipped(valid | {name: valid[other]})
    for missing in ("config.json", "weights.safetensors", "events.jsonl"):
        yield f"no {missing}", zipped({k: v for k, v in valid.items() if k != missing})
    many = [(f"snapshots/epoch-{n:03d}.npz", b"") for n in range(3, 5000)]
    yield "thousands of members", zipped(valid, *many)


def odd_kinds(valid: Members, rng: Random) -> Made:
    for name in valid:
        for kind in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o777) << 16
            rest = {k: v for k, v in valid.items() if k != name}
            yield f"{name} of kind {kind:o}", zipped(rest, (info, b"/etc/passwd"))
            yield f"{name} of kind {kind:o}, whole", zipped(rest, (info, valid[name]))


def bombs(valid: Members, rng: Random) -> Made:
    zeros = bytes(40_000_000)
    inner = zipped({}, ("step.npy", zeros), deflate=True)
    nested = zipped({}, ("step.npy", zipped({}, ("step.npy", inner), deflate=True)), deflate=True)
    for name in valid:
        archive = zipped(valid | {name: zeros}, deflate=True)
        yield f"{name} of zeros", archive
        for size in (0, 1, len(valid[name]), 2**31, 2**32 - 2):
            yield f"{name} of zeros, said to be {size}", _with_sizes(archive, name, size)
        if name.endswith("npz"):
            yield f"{name} holds a bomb", zipped(valid | {name: inner})
            yield f"{name} holds a nested bomb", zipped(valid | {name: nested})
    yield "a million lines", zipped(valid | {"events.jsonl": b"\n" * 2_000_000}, deflate=True)
    yield "a line without end", zipped(valid | {"events.jsonl": b'{"a": "' + zeros[:9_000_000]}, deflate=True)
    for model, params in (
        ("numpy-deep", {"depth": 20, "width": 2048}),
        ("deep", {"depth": 20, "width": 2048}),
        ("fc-autoencoder", {"hidden": "-".join(["2048"] * 8)}),
        ("numpy-autoencoder", {"hidden": "-".join(["2048"] * 8)}),
    ):
        yield f"a {model} of gigabytes", with_fact(valid, ("config",), {"model": model, "params": params})


def _with_sizes(archive: bytes, name: str, size: int) -> bytes:
    """Return the archive with another uncompressed size of a member, in its header and in the directory."""
    data = bytearray(archive)
    for start, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = -1
        while (at := data.find(start, at + 1)) >= 0:
            header = 30 if start == b"PK\3\4" else 46
            if data[at + header : at + header + len(name)] == name.encode():
                struct.pack_into("<L", data, at + offset, size)
    return bytes(data)


def cut(valid: Members, rng: Random) -> Made:
    archive = zipped(valid)
    for _ in range(60):
        n = rng.randrange(len(archive))
        yield f"the first {n} bytes", archive[:n]
        yield f"without the first {n} bytes", archive[n:] if n else b""
        yield f"without byte {n}", archive[:n] + archive[n + 1 :]
    for n in range(1, 25):
        yield f"{n} bytes missing at the end", archive[:-n]
        yield f"{n} bytes before", bytes(n) + archive
        yield f"{n} bytes after", archive + bytes(n)
    for name, data in valid.items():
        for n in (0, 1, 7, 8, 9, rng.randrange(len(data)), len(data) - 1):
            yield f"{name} cut to {n}", zipped(valid | {name: data[:n]})
        yield f"{name} with more", zipped(valid | {name: data + b"\0"})
        yield f"{name} is a pickle", zipped(valid | {name: _PICKLE})
        yield f"{name} is noise", zipped(valid | {name: rng.randbytes(500)})


def directories(valid: Members, rng: Random) -> Made:
    archive = zipped(valid)
    end = len(archive) - 22
    for offset, kind in ((8, "<H"), (10, "<H"), (12, "<L"), (16, "<L"), (20, "<H")):
        for value in (0, 1, 46, 0xFFFF, rng.randrange(60_000)):
            data = bytearray(archive)
            struct.pack_into(kind, data, end + offset, value)
            if bytes(data) != archive and offset != 8:  # the count on this disk says nothing
                yield f"end record: {value} at {offset}", bytes(data)
    first = archive.index(b"PK\1\2")
    for offset, kind, values in (
        (8, "<H", (1, 0x20, 0x40, 0x41, 0x2000, 0xFFFF)),  # flags: encrypted, patched, strongly encrypted
        (10, "<H", (1, 6, 9, 12, 14, 93, 95, 97, 99, 0xFFFF)),  # ways to compress
        (16, "<L", (0, 1, 0xFFFFFFFF)),  # checksum
        (20, "<L", (0, 1, 0xFFFFFFFF)),  # packed size
        (24, "<L", (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),  # size
        (28, "<H", (0, 1, 5000, 0xFFFF)),  # length of the name
        (30, "<H", (1, 5000, 0xFFFF)),  # of what packers add
        (42, "<L", (1, 7, 0x7FFFFFFF, 0xFFFFFFFF)),  # where the member is
    ):
        for value in values:
            data = bytearray(archive)
            struct.pack_into(kind, data, first + offset, value)
            yield f"directory: {value} at {offset}", bytes(data)
    locator = b"PK\6\7" + struct.pack("<LQL", 0, 0, 1)
    yield "a zip64 locator", archive[:end] + locator + archive[end:]
    with_comment = bytearray(archive)
    struct.pack_into("<H", with_comment, end + 20, 6)
    yield "a comment", bytes(with_comment) + b"<br />"
    for name in valid:
        data = archive.replace(name.encode(), name.upper().encode(), 1)
        yield f"another name in the header of {name}", data


def configs(valid: Members, rng: Random) -> Made:
    for text in _NO_JSON:
        yield f"config {text[:30]!r}", zipped(valid | {"config.json": text})
    facts = json.loads(valid["config.json"])
    huge, deep = 10**400, json.loads("[" * 400 + "]" * 400)
    for value in (float("nan"), float("inf"), -1, huge, None, [], {}, "x", True, deep, "9" * 9000, {"a": {}}):
        for key in facts["config"]:
            if not (key in ("params", "augmentation") and value == {}) and not (key == "loss" and not value):
                yield f"{key} is {value!r:.30}", with_fact(valid, ("config", key), value)
    # What may stand there and still not with the weights, or not with each other.
    for key, value in (("model", "softmax"), ("source", "cnn"), ("lr", 0), ("noise", "gaussian"), ("patience", 3)):
        yield f"{key} is {value}", with_fact(valid, ("config", key), value)
    for key in ("lrr", "__class__", "", "<b>", "\ud800"):
        yield f"unknown {key!a}", with_fact(valid, ("config", key), 1)
        yield f"unknown fact {key!a}", with_fact(valid, (key,), 1)
        yield f"unknown parameter {key!a}", with_fact(valid, ("config", "params", key), 1)
    for value in (0, 4097, -1, 2.5, huge, "3", None, float("nan"), 3):
        yield f"hidden is {value!r:.30}", with_fact(valid, ("config", "params", "hidden"), value)
    for key, value in (("version", 2), ("name", 7), ("name", None), ("config", []), ("config", None)):
        yield f"{key} is {value}", with_fact(valid, (key,), value)
    for key in facts:
        yield (
            f"no {key}",
            zipped(valid | {"config.json": json.dumps({k: facts[k] for k in facts if k != key}).encode()}),
        )


def events(valid: Members, rng: Random) -> Made:
    lines = valid["events.jsonl"].splitlines()
    for text in _NO_JSON:
        yield f"line {text[:30]!r}", zipped(valid | {"events.jsonl": b"\n".join([*lines[:3], text, *lines[3:], b""])})
    yield "no last newline", zipped(valid | {"events.jsonl": b"\n".join(lines)})
    yield (
        "a long message",
        zipped(valid | {"events.jsonl": b'{"event": "failed", "message": "' + b"x" * 70_000 + b'"}\n'}),
    )
    seen = {}
    for line in lines:
        seen[json.loads(line)["event"]] = json.loads(line)
    for kind, event in seen.items():
        for key in event:
            for value in (None, "x", [], {}, {"loss": "x"}, {"<b>": 1.0}, -1, 10**300, True, {"loss": 1.0, "x": [1]}):
                if (key, value) != ("health", {}):
                    yield f"{kind}: {key} is {value!r:.30}", _with_event(valid, event | {key: value})
            if (kind, key) not in _OPTIONAL:
                yield f"{kind}: no {key}", _with_event(valid, {k: v for k, v in event.items() if k != key})
        yield f"{kind}: unknown key", _with_event(valid, event | {"<script>": 1})
        yield f"{kind}: in the year 30000", _with_event(valid, event | {"time": 1e12})
    yield "an unknown event", _with_event(valid, {"event": "exec", "time": 1.0, "seconds": 1.0})


def _with_event(valid: Members, event: dict[str, Any]) -> bytes:
    return zipped(valid | {"events.jsonl": valid["events.jsonl"] + json.dumps(event).encode() + b"\n"})


def tensors(valid: Members, rng: Random) -> Made:
    for name in ("weights.safetensors", "resume.safetensors"):
        data = valid[name]
        arrays = load(data)
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        facts = header.get("__metadata__", {})
        for key, array in arrays.items():
            for dtype in (np.float64, np.float16, np.int32, np.complex64, np.bool_):
                yield (
                    f"{name}: {key} as {dtype}",
                    zipped(valid | {name: save(arrays | {key: array.astype(dtype)}, facts)}),
                )
            yield f"{name}: {key} longer", zipped(valid | {name: save(arrays | {key: np.zeros(9, np.float32)}, facts)})
            yield (
                f"{name}: no {key}",
                zipped(valid | {name: save({k: v for k, v in arrays.items() if k != key}, facts)}),
            )
            for field, values in (
                ("shape", ([-1], [2**62, 4], [10**30], "x", None, [], [0], [1.5], [[1]], [2**63])),
                ("dtype", ("F64", "O", "BF16", "F8_E4M3", "", None, 7)),
                ("data_offsets", ([0, 0], [-1, 5], [0, 2**62], [8, 4], [0], None, [10**30, 0])),
            ):
                for value in values:
                    changed = copy.deepcopy(header)
                    if changed[key][field] != value:
                        changed[key][field] = value
                        yield (
                            f"{name}: {key}: {field} {value}",
                            zipped(valid | {name: _tensor_file(changed, data, size)}),
                        )
        yield f"{name}: one more", zipped(valid | {name: save(arrays | {"evil": np.zeros(1)}, facts)})
        yield f"{name}: odd name", zipped(valid | {name: save(arrays | {"../<b>\u202e": np.zeros(1)}, facts)})
        for length in (0, 1, size - 1, size + 1, 2**31, 2**63, 2**64 - 1):
            yield f"{name}: header of {length}", zipped(valid | {name: length.to_bytes(8, "little") + data[8:]})
    for key, values in (
        (
            "line",
            ("", "{}", "[]", "7", "{}\n{}", '{"event": "finished", "time": 1, "seconds": 1}', "[" * 9000, "\ud800"),
        ),
        ("validation", ("", "{", "7", "[1e5]", '["x"]', "[[1]]", "[" * 9000, "null")),
    ):
        for value in values:
            header = {"__metadata__": facts | {key: value}}
            body = json.dumps(header | {k: v for k, v in _header(valid["resume.safetensors"]).items() if k[0] != "_"})
            yield (
                f"resume: {key} {value[:30]!a}",
                zipped(valid | {"resume.safetensors": _with_header(valid["resume.safetensors"], body.encode())}),
            )
        lacking = {k: v for k, v in facts.items() if k != key}
        yield (
            f"resume: no {key}",
            zipped(valid | {"resume.safetensors": save(load(valid["resume.safetensors"]), lacking)}),
        )
    for steps in (0, -1, 2**62):
        state = load(valid["resume.safetensors"]) | {"optimizer/steps": np.array(steps)}
        yield f"resume: after {steps} steps", zipped(valid | {"resume.safetensors": save(state, facts)})
    epoch = json.loads(facts["line"]) | {"epoch": 3}
    late = save(load(valid["resume.safetensors"]), facts | {"line": json.dumps(epoch)})
    yield "resume: after the last epoch", zipped(valid | {"resume.safetensors": late})


def _header(data: bytes) -> dict[str, Any]:
    return dict(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]))


def _with_header(data: bytes, header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + data[8 + int.from_bytes(data[:8], "little") :]


def _tensor_file(header: dict[str, Any], data: bytes, size: int) -> bytes:
    return _with_header(data, json.dumps(header).encode())


def arrays(valid: Members, rng: Random) -> Made:
    for name in (name for name in valid if name.endswith("npz")):
        inner = members(valid[name])
        for entry, data in inner.items():
            for text in _NO_NPY:
                fake = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode("latin1") + bytes(160)
                yield f"{name}: {entry}: {text[:40]!a}", zipped(valid | {name: zipped(inner | {entry: fake})})
            for array in (np.array([{}, {}], object), np.zeros((2, 3), "U5"), np.zeros(20, np.int32), np.int64(-1)):
                if entry != "step.npy" or array.shape:
                    yield (
                        f"{name}: {entry} is {array.dtype}",
                        zipped(valid | {name: zipped(inner | {entry: _npy(array)})}),
                    )
            yield (
                f"{name}: {entry} of version 3",
                zipped(valid | {name: zipped(inner | {entry: data[:6] + b"\3\0" + data[8:]})}),
            )
            yield f"{name}: no {entry}", zipped(valid | {name: zipped({k: v for k, v in inner.items() if k != entry})})
            yield (
                f"{name}: {entry} twice",
                zipped(valid | {name: _quiet(lambda i=inner, e=entry, d=data: zipped(i, (e, d)))}),
            )
            yield f"{name}: {entry} cut", zipped(valid | {name: zipped(inner | {entry: data[:-1]})})
            yield f"{name}: {entry} is a pickle", zipped(valid | {name: zipped(inner | {entry: _PICKLE})})
        for entry in ("evil.npy", "../evil.npy", "evil.pkl"):
            yield f"{name}: also {entry}", zipped(valid | {name: zipped(inner, (entry, inner["indices.npy"]))})
        for index in (-1, 10**6, 2**62):
            indices = _npy(np.array([*range(19), index]))
            yield f"{name}: digit {index}", zipped(valid | {name: zipped(inner | {"indices.npy": indices})})


def frames(valid: Members, rng: Random) -> Made:
    """Of an autoencoder: the codes of test digits at moments of its training."""
    names = sorted(name for name in valid if name.startswith("forming/"))
    first, last = names[0], names[-1]
    for name in (
        *("forming/step-00000001.npz", "forming/step-00000007.npz", "forming/step-00000012.npz"),
        *("forming/step-99999999.npz", "forming/step-00000040.npz", "forming/step-00000064.npz"),
        *("forming/step-0.npz", "forming/step-000000008.npz", "forming/step-0000000\u0661.npz", "forming/live.npz"),
        *("forming/", "forming/step-00000008.npz.7.part", "forming/../step-00000008.npz", "forming/evil/x.npz"),
        *("forming/step--0000008.npz", "forming/step-00000008.NPZ", "Forming/step-00000008.npz"),
    ):
        yield f"also {name!a}", zipped({k: v for k, v in valid.items() if k != name}, (name, valid[last]))
    yield "frames of every step", zipped(valid, *((f"forming/step-{n:08d}.npz", valid[last]) for n in range(100, 220)))
    inner = {name.removesuffix(".npy"): np.load(io.BytesIO(data)) for name, data in members(valid[last]).items()}
    codes, mean, scale = inner["codes"], inner["mean"], inner["scale"]
    none = np.full_like(codes, np.nan)
    huge, beyond = codes.copy(), codes.copy()
    huge[3, 1], beyond[0, 0] = np.inf, 1.5
    wrong: list[dict[str, np.ndarray]] = [
        *({"codes": each} for each in (none, huge, beyond, -huge, codes[:-1], codes[:, :1], codes.T, codes[:0])),
        *({"codes": codes.astype(kind)} for kind in (np.float32, np.float64, np.int16, np.uint16, ">f2", object, "U3")),
        {"codes": np.asfortranarray(codes)},
        {"codes": np.concatenate([codes, codes])},
        {"codes": np.concatenate([codes, codes], 1), "mean": np.concatenate([mean, mean])},
        *(
            {"mean": each}
            for each in (mean * np.nan, mean + np.float32("inf"), mean[:1], mean[None], mean.astype("f8"))
        ),
        *({"scale": np.asarray(each, np.float32)} for each in (np.nan, np.inf, -np.inf, -1.0, [1.0])),
        {"scale": scale.astype(np.float64)},
        {"evil": mean},
        {"step": np.asarray(8)},
    ]
    for number, change in enumerate(wrong):
        arrays = {f"{key}.npy": _npy(value) for key, value in {**inner, **change}.items()}
        yield f"frame with {number} {[*change]}", zipped(valid | {first: zipped(arrays)})
    files = members(valid[last])
    for key, content in files.items():
        yield f"frame without {key}", zipped(valid | {last: zipped({k: v for k, v in files.items() if k != key})})
        for text in _NO_NPY:
            fake = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode("latin1") + bytes(160)
            yield (
                f"frame: {key}: {text[:40]!a}",
                zipped(valid | {last: zipped(files | {key: fake})}),
            )
        yield f"frame: {key} cut", zipped(valid | {last: zipped(files | {key: content[:-1]})})
    for data in (
        b"",
        b"x",
        _PICKLE,
        valid[last][:-1],
        valid[last] + b"\0",
        bytes(400_000),
        valid["weights.safetensors"],
    ):
        yield f"frame of {len(data)} bytes", zipped(valid | {last: data}, deflate=True)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def starts(valid: Members, rng: Random) -> Made:
    """Of a run that learns from drawings: what it begins from, and the drawings."""
    parts = ("start/config.json", "start/weights.safetensors", "drawings.jsonl")
    for name in parts:
        yield f"no {name}", zipped({k: v for k, v in valid.items() if k != name})
    for key in ("start", "own_share"):
        yield f"no {key}", with_fact(valid, ("config", key), "" if key == "start" else 0.0)
    both = json.loads(valid["config.json"])
    both["config"] |= {"start": "", "own_share": 0.0}
    yield "drawings of a run that learns from none", zipped(valid | {"config.json": json.dumps(both).encode()})
    for value in ("../x", "A", "x" * 81, "", None, 7, ["x"]):
        yield f"start is {value!r:.20}", with_fact(valid, ("config", "start"), value)
    for value in (0.001, 0.91, -0.1, "0.2", None, True, float("nan"), 10**400):
        yield f"own_share is {value!r:.20}", with_fact(valid, ("config", "own_share"), value)
    for path, value in ((("config", "model"), "softmax"), (("config", "params", "hidden"), 3), (("version",), 2)):
        yield f"began as {path[-1]} {value}", with_fact(valid, path, value, "start/config.json")
    for text in _NO_JSON:
        yield f"began as {text[:30]!r}", zipped(valid | {"start/config.json": text})
    data = valid["start/weights.safetensors"]
    for name, array in load(data).items():
        for other in (np.zeros(9, np.float32), array.astype(np.float64)):
            yield (
                f"begins: {name} {other.dtype}",
                zipped(valid | {"start/weights.safetensors": save(load(data) | {name: other})}),
            )
    yield "begins: one more", zipped(valid | {"start/weights.safetensors": save(load(data) | {"evil": np.zeros(1)})})
    lines = valid["drawings.jsonl"].splitlines()
    first = json.loads(lines[0])
    wrong = [_PICKLE, b"\xff", b"[" * 90_000, b'{"a":' * 15_000, b"null", b"7", b"{", b"{}", lines[0][:-1], lines[1]]
    for label in (-1, 10, True, "3", 3.5, None, [3], float("nan"), 10**400):
        wrong.append(json.dumps(first | {"label": label}).encode())
    for width in (0, -1, 1.01, "x", None, float("inf"), 10**400):
        wrong.append(json.dumps(first | {"width": width}).encode())
    for strokes in ([], [[]], [[[0]]], [[[0, 0, 0, 0]]], [[[5, 0]]], [[["x", 0]]], [[[float("nan"), 0]]], "x", None):
        wrong.append(json.dumps(first | {"strokes": strokes}).encode())
    wrong.append(json.dumps(first | {"strokes": [[[0.5, 0.5]]] * 501}).encode())
    wrong.append(json.dumps(first | {"strokes": [[[0.5, 0.5]] * 20_001]}).encode())
    for key, value in (("hand", "x" * 41), ("hand", 7), ("id", "../x"), ("id", ""), ("saved", -1), ("<b>", 1)):
        wrong.append(json.dumps(first | {key: value}).encode())
    for line in wrong:
        content = b"\n".join([lines[0], line, *lines[1:], b""])
        yield f"drawing {line[:60]!r}", zipped(valid | {"drawings.jsonl": content})
    for content in (b"", b"\n\n", b"\n" * 200_000, bytes(40_000_000)):
        yield f"{len(content)} bytes of no drawing", zipped(valid | {"drawings.jsonl": content}, deflate=True)


def no_zips(valid: Members, rng: Random) -> Made:
    for data in (b"", b"PK", b"PK\5\6" + bytes(18), _PICKLE, b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08", bytes(1000)):
        yield f"{data[:10]!r}", data
    for n in (1, 22, 23, 100, 10_000):
        yield f"{n} random bytes", rng.randbytes(n)


def _quiet(make: Callable[[], bytes]) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a name repeats, which is the point
        return make()


def flipped(valid: Members, rng: Random) -> Made:
    """Bits flipped anywhere, also in members packed anew around them. What then fits by chance may come in."""
    archive = zipped(valid)
    for _ in range(200):
        data = bytearray(archive)
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield "bits of the file", bytes(data)
    for name in valid:
        for _ in range(25):
            data = bytearray(valid[name])
            for _ in range(rng.choice((1, 1, 2, 8))):
                data[rng.randrange(min(len(data), 3000))] ^= 1 << rng.randrange(8)
            yield f"bits of {name}", zipped(valid | {name: bytes(data)})


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder."""
    found = sorted(folder.rglob("*"))
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in found}
