// One of the crew: how it is, what it holds, what it came to, and what a person may do to it.
import type { Agent, AgentStatus } from "../../api/crew.ts";
import { serverNow } from "../../live/clock.ts";
import { bytesText, dollars, errorText, hourBars, lastDay, meanInference, modelText, statusHint, statusText, workText } from "../../logic/agents.ts";
import { count } from "../../logic/budgets.ts";
import { percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { crewName, humanise } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { AgentDeeds, type Follow } from "./agent-deeds.tsx";

interface Props {
  agent: Agent;
  models: readonly string[];
  follow: Follow;
}

export function AgentCard({ agent, models, follow }: Props) {
  const { sums, work } = agent;
  const hint = statusHint(agent);
  const id = `agent-${agent.site}-${agent.id}`;
  return (
    <li className="panel agent" data-status={agent.status} aria-labelledby={id}>
      <header>
        <h2 id={id}>{crewName(agent.id)}</h2>
        <StatusMark status={agent.status} />
      </header>
      <p className="by">
        {humanise(agent.role)} of {agent.site}
        {agent.outside && <>, a program outside</>}; can {agent.capabilities.map((one) => humanise(one).toLowerCase()).join(", ") || "do nothing that was named"}
      </p>
      {hint !== null && <p className="warn">{hint}</p>}
      {agent.alarms.map((alarm) => (
        <p key={alarm.rule} className="warn">
          {alarm.says}, since <When at={alarm.since} title="Real time" />
        </p>
      ))}
      <dl className="agentfacts">
        <Fact name="Now">
          <Holds agent={agent} />
        </Fact>
        <Fact name="Last heard">
          <When at={agent.heardAt} title="Real time" />
        </Fact>
        <Fact name="Model">{modelText(agent)}</Fact>
        <Fact name={agent.outside ? "CPU" : "CPU, whole program"}>{agent.cpuPercent === null ? "—" : `${Math.round(agent.cpuPercent)} % of a core`}</Fact>
        <Fact name={agent.outside ? "Memory" : "Memory, whole program"}>{agent.memoryBytes === null ? "—" : bytesText(agent.memoryBytes)}</Fact>
        <Fact name="Inference">{meanInference(sums) ?? "—"}</Fact>
        <Fact name="Tokens">
          {count(sums.tokens.total)} <span className="feature">{count(sums.tokens.input + sums.tokens.cacheRead + sums.tokens.cacheWrite)} in, {count(sums.tokens.output + sums.tokens.reasoning)} out</span>
        </Fact>
        <Fact name="Errors">{errorText(sums)}</Fact>
        <Fact name="Cost">{dollars(sums.costNanoDollars)}</Fact>
        <Fact name="Tasks">
          {workText(work)}
          {work.accuracy !== null && <span className="feature"> {percent(work.accuracy)} of what was judged was accepted</span>}
        </Fact>
      </dl>
      <Hours agent={agent} />
      <p>
        <a href={href.workOf(agent.id)}>
          What it did<span className="unseen">: {crewName(agent.id)}</span>
        </a>
      </p>
      <AgentDeeds agent={agent} models={models} follow={follow} />
    </li>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Holds({ agent }: { agent: Agent }) {
  if (agent.tasks.length === 0 && agent.onCases.length === 0) return <>no task</>;
  return (
    <ul>
      {agent.onCases.map((id) => (
        <li key={id}>
          looks into <a href={href.case(id)}>a case</a>
        </li>
      ))}
      {agent.tasks.map((task) => (
        <li key={task.id}>
          <a href={href.task(task.id)}>{task.title}</a>
          {task.lease && (
            <span className="feature">
              {" "}
              until <When at={task.lease.until} title="Its lease, real time" />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

const SHAPES: Record<AgentStatus, string> = {
  ACTIVE: "M4 2l10 6-10 6z",
  IDLE: "M8 2a6 6 0 1 1-.01 0z",
  BLOCKED: "M2 2h12v12H2z",
  SILENT: "M8 1.5l7 12.5H1z",
  DRAINING: "M2 4h12L8 14z",
  STOPPED: "M3 3h10v10H3z",
  NOT_SPAWNED: "M3 8h10",
};

export function StatusMark({ status }: { status: AgentStatus }) {
  return (
    <span className="agentstatus" data-status={status}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[status]} />
      </svg>
      {statusText(status)}
    </span>
  );
}

const BAR = 10;
const HEIGHT = 30;

function Hours({ agent }: { agent: Agent }) {
  const day = lastDay([agent]);
  if (day.tokens === 0) return null;
  const bars = hourBars(agent.hours, serverNow());
  return (
    <figure className="hours">
      <svg viewBox={`0 0 ${bars.length * BAR} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {bars.map((bar, place) => (
          <rect key={place} x={place * BAR + 1} width={BAR - 2} y={HEIGHT - Math.max(bar.tokens > 0 ? 2 : 0.5, bar.share * HEIGHT)} height={HEIGHT} />
        ))}
      </svg>
      <figcaption className="feature">
        Last 24 hours: {count(day.tokens)} tokens, {dollars(day.costNanoDollars)}
      </figcaption>
    </figure>
  );
}
