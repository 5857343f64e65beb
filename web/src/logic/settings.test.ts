// Settings are found by words and stand in the groups of their file.
import { expect, test } from "vitest";
import type { Setting } from "../api/house.ts";
import { grouped, matching } from "./settings.ts";

const setting = (key: string, origin: Setting["origin"] = "DEFAULT", doc = ""): Setting => ({ key, value: "1", origin, doc, default: "1" });
const all = [setting("monitor.learning_s", "ENVIRONMENT", "How long normal is learned."), setting("data"), setting("monitor.mewma.folds"), setting("http.listen", "FILE")];

test("what stands alone comes first, then each group in the file's order", () => {
  expect(grouped(all).map((group) => [group.name, group.settings.map(({ key }) => key)])).toEqual([["", ["data"]], ["monitor", ["monitor.learning_s", "monitor.mewma.folds"]], ["http", ["http.listen"]]]);
});

test("words are looked for in name and explanation, and what is as it comes can be left out", () => {
  expect(matching(all, { words: "NORMAL", changed: false }).map(({ key }) => key)).toEqual(["monitor.learning_s"]);
  expect(matching(all, { words: "", changed: true }).map(({ key }) => key)).toEqual(["monitor.learning_s", "http.listen"]);
});
