// Every setting as it is in force, with where it comes from and what it would be by itself.
import { type Setting, SettingsQuery } from "../../api/house.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useParams } from "../../live/address.ts";
import { grouped, matching, ORIGINS } from "../../logic/settings.ts";
import { plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";

export function SettingsScreen() {
  const [params, change] = useParams();
  const asked = useAsked(SettingsQuery, {});
  const filter = { words: params.get("find") ?? "", changed: params.get("changed") === "yes" };
  const all = asked.data?.settings ?? null;
  const shown = all && matching(all, filter);
  return (
    <>
      <header className="pagehead">
        <h1>Settings</h1>
        <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="label">Find</span>
            <input type="search" value={filter.words} placeholder="name or what it does" onChange={(event) => change({ find: event.target.value })} />
          </label>
          <label className="check">
            <input type="checkbox" checked={filter.changed} onChange={(event) => change({ changed: event.target.checked ? "yes" : null })} />
            only what was set
          </label>
        </form>
      </header>
      <SystemTabs here="settings" />
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {all === null && !asked.problem && <Loading what="the settings" />}
      {all !== null && (
        <p className="scope">
          {plural(all.length, "setting")}, {all.filter((setting) => setting.origin !== "DEFAULT").length} of them set. They are changed in <code>millwright.toml</code>, by <code>MILLWRIGHT_…</code>{" "}
          variables or flags, and count from the next start.
        </p>
      )}
      {shown?.length === 0 && <Empty title="No setting matches">Search another word, or clear the field.</Empty>}
      {shown &&
        grouped(shown).map((group) => (
          <section key={group.name} className="panel" aria-labelledby={`settings-${group.name}`}>
            <h2 id={`settings-${group.name}`}>{group.name === "" ? "General" : group.name}</h2>
            <dl className="settings">
              {group.settings.map((setting) => (
                <One key={setting.key} setting={setting} />
              ))}
            </dl>
          </section>
        ))}
    </>
  );
}

function One({ setting }: { setting: Setting }) {
  const set = setting.origin !== "DEFAULT";
  return (
    <div data-set={set}>
      <dt>
        <code>{setting.key}</code>
        {setting.doc && <span className="feature">{setting.doc}</span>}
      </dt>
      <dd>
        <code>{setting.value === "" ? "(empty)" : setting.value}</code>
        <span className="origin">{ORIGINS[setting.origin] ?? setting.origin}</span>
        {set && setting.default !== setting.value && (
          <span className="feature">
            by itself: <code>{setting.default === "" ? "(empty)" : setting.default}</code>
          </span>
        )}
      </dd>
    </div>
  );
}
