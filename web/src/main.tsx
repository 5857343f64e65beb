// The page's beginning.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { AccessProvider } from "./live/access.tsx";
import { LettersProvider } from "./live/letters.tsx";
import { PlantProvider } from "./live/plant.tsx";
import { Loading } from "./parts/notice.tsx";
import { Door } from "./screens/access/door.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/plant.css";
import "./styles/overview.css";
import "./styles/case.css";
import "./styles/crew.css";
import "./styles/signal.css";
import "./styles/asset.css";
import "./styles/insight.css";
import "./styles/alarms.css";
import "./styles/lists.css";
import "./styles/audit.css";
import "./styles/house.css";
import "./styles/approval.css";
import "./styles/approvals.css";
import "./styles/moment.css";
import "./styles/outbox.css";
import "./styles/access.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root to draw into");

createRoot(root).render(
  <StrictMode>
    <AccessProvider door={<Door />} reading={<Loading what="who you are" />}>
      <PlantProvider>
        <LettersProvider>
          <App />
        </LettersProvider>
      </PlantProvider>
    </AccessProvider>
  </StrictMode>,
);
