// Settings in groups, as the settings file has them, and where each value comes from.
import type { Setting } from "../api/house.ts";

export const ORIGINS: Record<Setting["origin"], string> = { DEFAULT: "default", FILE: "from the file", ENVIRONMENT: "from the environment", FLAG: "from a flag" };

export interface Group {
  name: string;
  settings: Setting[];
}

/** `monitor.learning_s` belongs to `monitor`; what stands alone comes first. */
export function grouped(settings: readonly Setting[]): Group[] {
  const groups = new Map<string, Setting[]>([["", []]]);
  for (const setting of settings) {
    const name = setting.key.includes(".") ? setting.key.slice(0, setting.key.indexOf(".")) : "";
    groups.set(name, [...(groups.get(name) ?? []), setting]);
  }
  return [...groups].filter(([, members]) => members.length > 0).map(([name, members]) => ({ name, settings: members }));
}

export interface SettingFilter {
  words: string;
  /** Only what is not as it comes. */
  changed: boolean;
}

export function matching(settings: readonly Setting[], { words, changed }: SettingFilter): Setting[] {
  const wanted = words.trim().toLowerCase();
  return settings.filter((setting) => (!changed || setting.origin !== "DEFAULT") && `${setting.key} ${setting.doc}`.toLowerCase().includes(wanted));
}
