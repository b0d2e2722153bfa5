"""A pod's volumes as the kubelet makes them: folders whose content is swapped by one symbolic link."""

import base64
import os
import shutil
from pathlib import Path

from tests.deploy.cluster.api import Api, JsonObject

Files = dict[str, bytes]


class Volume:
    """One volume; ``refresh`` brings it up to date with the objects that it shows."""

    def __init__(self, api: Api, namespace: str, spec: JsonObject, folder: Path, group: int) -> None:
        self.name: str = spec["name"]
        self.folder = folder / self.name
        if "persistentVolumeClaim" in spec:  # outlives its pods, which share it
            self.folder = folder.parent / f"claim-{namespace}-{spec['persistentVolumeClaim']['claimName']}"
        self.folder.mkdir(parents=True, exist_ok="persistentVolumeClaim" in spec)
        self._api = api
        self._namespace = namespace
        self._spec = spec
        self._group = group
        self._shown: Files | None = None
        self._versions = 0
        os.chown(self.folder, 0, group)
        self.folder.chmod(0o2775)

    def refresh(self) -> None:
        """Shows what the ConfigMaps and Secrets hold now; raises ``ApiRefused`` where one is missing."""
        files = self._files()
        if files is None or files == self._shown:
            return
        version = self.folder / f"..{self._versions}"
        self._versions += 1
        version.mkdir()
        version.chmod(0o755)
        for name, content in files.items():
            path = version / name
            path.write_bytes(content)
            os.chown(path, 0, self._group)
            path.chmod(0o440)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        before = (self.folder / "..data").readlink() if self._shown is not None else None
        link.replace(self.folder / "..data")
        for name in files:
            visible = self.folder / name
            if not visible.is_symlink():
                visible.symlink_to(f"..data/{name}")
        if before is not None:
            shutil.rmtree(self.folder / before)
        self._shown = files

    def _files(self) -> Files | None:
        if {"emptyDir", "persistentVolumeClaim"} & set(self._spec):
            return None
        if "projected" in self._spec:
            parts = [self._source(source) for source in self._spec["projected"]["sources"]]
            return {name: content for part in parts for name, content in part.items()}
        return self._source(self._spec)

    def _source(self, spec: JsonObject) -> Files:
        if "configMap" in spec:
            source = spec["configMap"]
            data = {name: text.encode() for name, text in self._object("configmaps", source["name"]).items()}
        elif "secret" in spec:
            source = spec["secret"]
            named = source.get("secretName") or source["name"]
            data = {name: base64.b64decode(text) for name, text in self._object("secrets", named).items()}
        else:
            raise AssertionError(f"the stand-in has no such volume: {sorted(spec)}")
        items = source.get("items")
        return data if items is None else {item["path"]: data[item["key"]] for item in items}

    def _object(self, kind: str, name: str) -> dict[str, str]:
        found = self._api.get(f"/api/v1/namespaces/{self._namespace}/{kind}/{name}")
        return dict(found.get("data") or {})
