// What a person may do to an agent: have it up, let it end, stop it, and choose the model that it thinks with.
import { type FormEvent, useId, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { type Agent, ChooseModel, DrainAgent, SpawnAgent, StopAgent, TestAgent } from "../../api/crew.ts";
import type { Answered } from "../../api/fragments.ts";
import { deedsOf } from "../../logic/agents.ts";
import { href } from "../../logic/route.ts";
import { crewName } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";

export type Follow = (answered: Answered | null) => void;

interface Props {
  agent: Agent;
  models: readonly string[];
  follow: Follow;
}

export function AgentDeeds({ agent, models, follow }: Props) {
  const may = deedsOf(agent.status);
  const [spawn, drain, stop, test] = [useAsk(SpawnAgent), useAsk(DrainAgent), useAsk(StopAgent), useAsk(TestAgent)];
  const [tested, setTested] = useState<string | null>(null);
  const whom = { site: agent.site, agent: agent.id };
  const name = crewName(agent.id);
  const problem = spawn.problem ?? drain.problem ?? stop.problem ?? test.problem;
  const begin = async () => {
    const answered = await test.ask(whom);
    setTested(answered?.kind === "DONE" ? answered.subject : null);
    follow(answered);
  };
  return (
    <Deeds quiet>
      <div className="deedrow">
        {may.drain && (
          <button type="button" className="small" disabled={test.busy} onClick={() => void begin()}>
            Test task<span className="unseen"> for {name}</span>
          </button>
        )}
        {may.spawn && (
          <button type="button" className="small" disabled={spawn.busy} onClick={() => void spawn.ask(whom).then(follow)}>
            Spawn<span className="unseen"> {name}</span>
          </button>
        )}
        {may.drain && <TwoTaps text="Drain" about={name} yes="Yes, no more tasks" busy={drain.busy} act={() => void drain.ask(whom).then(follow)} />}
        {may.stop && <TwoTaps text="Stop" about={name} yes="Yes, stop it" busy={stop.busy} act={() => void stop.ask(whom).then(follow)} />}
      </div>
      {problem && <Problem text={problem} />}
      {tested !== null && (
        <p role="status">
          It is filed; <a href={href.task(tested)}>its result comes here</a>.
        </p>
      )}
      <details>
        <summary>
          Choose its model<span className="unseen">: {name}</span>
        </summary>
        <ModelForm agent={agent} models={models} follow={follow} />
      </details>
    </Deeds>
  );
}

function ModelForm({ agent, models, follow }: Props) {
  const choose = useAsk(ChooseModel);
  const [model, setModel] = useState(agent.modelChosen ?? "");
  const list = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void choose.ask({ site: agent.site, agent: agent.id, model: model.trim() }).then(follow);
  };
  return (
    <form className="give" onSubmit={submit}>
      <label>
        <span className="label">Model</span>
        <input value={model} required maxLength={120} list={list} autoCapitalize="off" onChange={(event) => setModel(event.target.value)} />
      </label>
      <datalist id={list}>
        {models.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <button type="submit" disabled={choose.busy}>
        Choose
      </button>
      {choose.problem && <Problem text={choose.problem} />}
    </form>
  );
}
