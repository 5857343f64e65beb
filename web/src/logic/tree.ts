// Assets in their ISA-95 places: area, then line, in the order in which the plant names them.

export interface Placed {
  area: string;
  line: string;
}

export interface LineOf<T> {
  name: string;
  assets: T[];
}

export interface AreaOf<T> {
  name: string;
  lines: LineOf<T>[];
}

export function byPlace<T extends Placed>(assets: readonly T[]): AreaOf<T>[] {
  const areas = new Map<string, Map<string, T[]>>();
  for (const asset of assets) {
    const lines = getOr(areas, asset.area, () => new Map<string, T[]>());
    getOr(lines, asset.line, () => [] as T[]).push(asset);
  }
  return [...areas].map(([name, lines]) => ({
    name,
    lines: [...lines].map(([line, members]) => ({ name: line, assets: members })),
  }));
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
