// A case's address: one that cannot be a case's, one that nobody knows, and what is left of a refusal after one has gone on.
// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, test } from "vitest";
import { Banners } from "../../shell/banners.tsx";
import { leave, show } from "../../testing/backend.tsx";
import { CaseScreen } from "./case-screen.tsx";

afterEach(leave);

const ID = "01983a7e-5c1b-7d42-9e8f-3b6a2c4d5e6f";

test("a mistyped address is no case, and the server is not asked for it", async () => {
  const backend = show(<CaseScreen id="nope" />);
  await screen.findByText("No such case");
  await waitFor(() => expect(backend.asked.some(({ name }) => name === "Plants")).toBe(true));
  expect(backend.asked.some(({ name }) => name === "Case")).toBe(false);
});

test("an address that nobody knows says the same", async () => {
  const backend = show(<CaseScreen id={ID} />, { Case: () => ({ case: null }) });
  await screen.findByText("No such case");
  expect(backend.asked.some(({ name }) => name === "Case")).toBe(true);
});

function GoOn() {
  const [here, setHere] = useState(true);
  return (
    <>
      <Banners />
      {here && <CaseScreen id={ID} />}
      <button type="button" onClick={() => setHere(false)}>
        Go on
      </button>
    </>
  );
}

test("that something is not live is said as long as it is shown, and no longer", async () => {
  const backend = show(<GoOn />, { Case: () => ({ case: null }) });
  await backend.refuse("CaseChanged", "case: invalid character");
  expect(screen.getByRole("alert").textContent).toContain("Not everything here is live.");
  fireEvent.click(screen.getByRole("button", { name: "Go on" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});
