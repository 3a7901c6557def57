"""Style, script and icons: read once, named by their hash, served from memory for ever."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file; its address changes when its bytes do."""

    name: str
    body: bytes
    content_type: str

    @property
    def path(self) -> str:
        """``/static/<stem>.<hash><suffix>``."""
        stem, dot, suffix = self.name.rpartition(".")
        return f"/static/{stem}.{sha256(self.body).hexdigest()[:12]}{dot}{suffix}"


def load_assets() -> MappingProxyType[str, Asset]:
    """Every static file by its plain name."""
    files = sorted(path for path in _FOLDER.iterdir() if path.suffix in _TYPES)
    return MappingProxyType(
        {path.name: Asset(path.name, path.read_bytes(), _TYPES[path.suffix]) for path in files}
    )
