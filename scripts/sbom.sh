#!/usr/bin/env bash
# What a build is made of, as CycloneDX 1.5: the program from Cargo.lock, the page from web/package-lock.json. Into sbom/, or the folder named.
#
#   sbom.sh [FOLDER] [millwright|page]     one of them alone
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-sbom}")
wanted="${2:-millwright page}"
mkdir -p "$out"

# It writes one beside the manifest of each crate of ours; the program's own is the one that has everything.
left_behind() { find . -name 'millwright-in-parts.json' -not -path './target/*' -not -path '*/node_modules/*'; }

write_millwright() {
    command -v cargo-cyclonedx >/dev/null || cargo install --quiet --locked cargo-cyclonedx
    trap 'left_behind | xargs -r rm -f' EXIT
    cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename millwright-in-parts
    mv millwright-in-parts.json "$out/millwright.cdx.json"
}

# Without what only building and testing the page needs. npm's own --omit=dev leaves out what such a part needs as well, React among it.
write_page() {
    (cd web && npm sbom --sbom-format=cyclonedx --package-lock-only) | node -e '
        const bom = JSON.parse(require("node:fs").readFileSync(0));
        const isForUs = (part) => (part.properties ?? []).some(({ name, value }) => name === "cdx:npm:package:development" && value === "true");
        const left = new Set(bom.components.filter(isForUs).map((part) => part["bom-ref"]));
        bom.components = bom.components.filter((part) => !isForUs(part));
        bom.dependencies = bom.dependencies.filter(({ ref }) => !left.has(ref));
        for (const one of bom.dependencies) one.dependsOn = one.dependsOn?.filter((ref) => !left.has(ref));
        console.log(JSON.stringify(bom, null, 2));
    ' >"$out/page.cdx.json"
}

for file in $wanted; do
    "write_$file"
    node -e '
        const bom = JSON.parse(require("node:fs").readFileSync(process.argv[1]));
        const named = bom.components.every((part) => part.name && part.version && part.purl);
        if (bom.bomFormat !== "CycloneDX" || bom.specVersion !== "1.5" || !named || bom.components.length === 0) {
            console.error(`${process.argv[1]} is not whole`);
            process.exit(1);
        }
        const silent = bom.components.filter((part) => !(part.licenses?.length > 0)).map((part) => part.name);
        console.log(`${process.argv[1]}: ${bom.components.length} parts` + (silent.length ? `, without a licence: ${silent}` : ""));
    ' "$out/$file.cdx.json"
done
