// A task to be filed: what is to be done, what it takes, how pressing it is, and whether it may be taken at once.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { FileTask, type Priority } from "../../api/crew.ts";
import { usePlant } from "../../live/plant.tsx";
import { wordsOf } from "../../logic/board.ts";
import { ofField } from "../../logic/moments.ts";
import { Problem } from "../../parts/notice.tsx";
import type { Follow } from "./agent-deeds.tsx";

const EMPTY = { title: "", details: "", needs: "", priority: "MEDIUM" as Priority, deadline: "", tokens: "", labels: "", queue: true };
type Fields = typeof EMPTY;

export function TaskForm({ follow }: { follow: Follow }) {
  const { plants } = usePlant();
  const file = useAsk(FileTask);
  const [chosen, setSite] = useState("");
  const [fields, setFields] = useState<Fields>(EMPTY);
  const site = chosen || (plants?.[0]?.site ?? "");
  const set = (more: Partial<Fields>) => setFields((known) => ({ ...known, ...more }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answered = await file.ask({ site, task: wishOf(fields) });
    if (answered !== null && answered.kind !== "REFUSED") setFields(EMPTY);
    follow(answered);
  };
  return (
    <form className="give" onSubmit={(event) => void submit(event)}>
      {(plants?.length ?? 0) > 1 && (
        <label>
          <span className="label">Site</span>
          <select value={site} onChange={(event) => setSite(event.target.value)}>
            {plants?.map((plant) => (
              <option key={plant.site} value={plant.site}>
                {plant.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <Text label="What is to be done (no person's name)" value={fields.title} set={(title) => set({ title })} most={160} required />
      <Text label="Capability that it takes" value={fields.needs} set={(needs) => set({ needs })} most={60} required hint="read_manuals" />
      <label>
        <span className="label">Priority</span>
        <select value={fields.priority} onChange={(event) => set({ priority: event.target.value as Priority })}>
          <option value="LOW">Low</option>
          <option value="MEDIUM">Medium</option>
          <option value="HIGH">High</option>
          <option value="CRITICAL">Critical</option>
        </select>
      </label>
      <label>
        <span className="label">Due (optional)</span>
        <input type="datetime-local" value={fields.deadline} onChange={(event) => set({ deadline: event.target.value })} />
      </label>
      <label>
        <span className="label">Tokens that it may take (optional)</span>
        <input type="number" min={0} step={1} value={fields.tokens} onChange={(event) => set({ tokens: event.target.value })} />
      </label>
      <Text label="Labels, by commas (optional)" value={fields.labels} set={(labels) => set({ labels })} most={200} />
      <Text label="More, in your own words (optional)" value={fields.details} set={(details) => set({ details })} most={4000} />
      <label className="check">
        <input type="checkbox" checked={fields.queue} onChange={(event) => set({ queue: event.target.checked })} />
        it may be taken at once
      </label>
      <button type="submit" disabled={file.busy || site === ""}>
        File it
      </button>
      {file.problem && <Problem text={file.problem} />}
    </form>
  );
}

function wishOf({ title, details, needs, priority, deadline, tokens, labels, queue }: Fields) {
  const due = deadline === "" ? null : ofField(deadline);
  return {
    title: title.trim(),
    details: details.trim() === "" ? null : details.trim(),
    needs: needs.trim(),
    priority,
    deadline: due === null ? null : new Date(due).toISOString(),
    estimatedTokens: Number(tokens),
    labels: wordsOf(labels),
    queue,
  };
}

interface TextProps {
  label: string;
  value: string;
  set: (text: string) => void;
  most: number;
  required?: boolean;
  hint?: string;
}

function Text({ label, value, set, most, required = false, hint }: TextProps) {
  return (
    <label>
      <span className="label">{label}</span>
      <input value={value} maxLength={most} required={required} placeholder={hint} onChange={(event) => set(event.target.value)} />
    </label>
  );
}
