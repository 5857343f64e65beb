// The way to Grafana names what is looked at, and nothing that is not.
import { expect, test } from "vitest";
import { grafanaAddress } from "./grafana.ts";

const TEMPLATE = "https://grafana.example.org/d/plc-health?var-site={site}&var-asset={asset}&var-sensor={signal}&from={from}&to={to}";

test("a signal is shown over the stretch that is looked at", () => {
  const place = { site: "north", asset: "pump-1", signal: "pump-1/vibration", span: { from: 1_795_700_000_000.4, to: 1_795_707_200_000 } };
  expect(grafanaAddress(TEMPLATE, place)).toBe(
    "https://grafana.example.org/d/plc-health?var-site=north&var-asset=pump-1&var-sensor=pump-1%2Fvibration&from=1795700000000&to=1795707200000",
  );
});

test("what is not chosen is left to the dashboard", () => {
  expect(grafanaAddress(TEMPLATE, { site: "north", asset: "pump-1" })).toBe("https://grafana.example.org/d/plc-health?var-site=north&var-asset=pump-1");
  expect(grafanaAddress(`${TEMPLATE}&kiosk`, { site: "north" })).toBe("https://grafana.example.org/d/plc-health?var-site=north&kiosk");
  expect(grafanaAddress("https://g/d/plc?from={from}", { site: "north" })).toBe("https://g/d/plc");
});

test("an address without anything to fill in is taken as it is", () => {
  expect(grafanaAddress("https://g.example.org/d/plc-health", { site: "north" })).toBe("https://g.example.org/d/plc-health");
});

test("a name cannot change what else the address says", () => {
  expect(grafanaAddress(TEMPLATE, { site: "a&var-asset=b#{asset}", asset: "$&" })).toBe(
    "https://grafana.example.org/d/plc-health?var-site=a%26var-asset%3Db%23%7Basset%7D&var-asset=%24%26",
  );
});

test("without an address, or with one that is no page's, there is no link", () => {
  expect([null, undefined, "", "javascript:alert(1)", "grafana.example.org/{site}"].map((template) => grafanaAddress(template, { site: "north" }))).toEqual([null, null, null, null, null]);
});
