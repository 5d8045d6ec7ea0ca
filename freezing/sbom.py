"""The bill of materials of a frozen program, as CycloneDX: for tools that look for what is vulnerable in it.

Says nothing that a second build of the same tree would say otherwise: its serial number is drawn from the program's
own sum, and it names a time only if SOURCE_DATE_EPOCH does.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from freezing.parts import Part
from freezing.sums import sum_of

NAMESPACE = uuid.UUID("6b1c5b3e-9d3f-4c58-9a45-0f3b7c2d8e11")
"""Of the serial numbers: any fixed one does."""


def write_sbom(parts: Iterable[Part], version: str, program: Path, path: Path) -> None:
    """The bill of ``program``, the executable file."""
    digest = sum_of(program)
    ours = Component(
        name="kirapilot-sidecar",
        type=ComponentType.APPLICATION,
        version=version,
        bom_ref=f"kirapilot-sidecar@{version}",
        licenses=[LicenseFactory().make_from_string("MIT")],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    about = BomMetaData(component=ours, lifecycles=[PredefinedLifecycle(LifecyclePhase.BUILD)])
    about.timestamp = _time()  # type: ignore[assignment]  # the schema asks for none, and the writer takes it
    bom = Bom(metadata=about, serial_number=uuid.uuid5(NAMESPACE, digest), components=[_component(p) for p in parts])
    bom.register_dependency(ours, bom.components)
    path.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", "utf-8", newline="\n")


def _component(part: Part) -> Component:
    one = part.component
    home = [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(one.home))] if one.home else []
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=part.package_url,
        purl=PackageURL.from_string(part.package_url),
        cpe=part.cpe or None,
        licenses=[LicenseFactory().make_from_string(one.licence)],
        external_references=home,
    )


def _time() -> datetime | None:
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
