// The page's beginning.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import { client } from "./api/client.ts";
import { App } from "./app.tsx";
import { LettersProvider } from "./live/letters.tsx";
import { PlantProvider } from "./live/plant.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/plant.css";
import "./styles/overview.css";
import "./styles/case.css";
import "./styles/signal.css";
import "./styles/asset.css";
import "./styles/insight.css";
import "./styles/alarms.css";
import "./styles/lists.css";
import "./styles/approval.css";
import "./styles/approvals.css";
import "./styles/outbox.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root to draw into");

createRoot(root).render(
  <StrictMode>
    <Provider value={client}>
      <PlantProvider>
        <LettersProvider>
          <App />
        </LettersProvider>
      </PlantProvider>
    </Provider>
  </StrictMode>,
);
