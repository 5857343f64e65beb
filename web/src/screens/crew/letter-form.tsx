// A person writes to the crew: to one by name, to a role, or to everyone; or answers a letter.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { AcknowledgeLetter, type Letter, type Priority, SendLetter } from "../../api/crew.ts";
import { usePlant } from "../../live/plant.tsx";
import { Problem } from "../../parts/notice.tsx";
import type { Follow } from "./agent-deeds.tsx";

type Kind = Letter["kind"];

const isAgent = (name: string) => /^(svc|agent)-/.test(name);

export function LetterForm({ follow }: { follow: Follow }) {
  const { plants } = usePlant();
  const send = useAsk(SendLetter);
  const [to, setTo] = useState("");
  const [kind, setKind] = useState<Kind>("QUESTION");
  const [priority, setPriority] = useState<Priority>("MEDIUM");
  const [body, setBody] = useState("");
  const site = plants?.[0]?.site ?? "";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const name = to.trim();
    const whom = name === "" ? {} : isAgent(name) ? { toAgent: name } : { toRole: name };
    const answered = await send.ask({ site, letter: { ...whom, kind, priority, body } });
    if (answered !== null && answered.kind !== "REFUSED") setBody("");
    follow(answered);
  };
  return (
    <form className="give" onSubmit={(event) => void submit(event)}>
      <label>
        <span className="label">To an agent or a role; empty for everyone</span>
        <input value={to} maxLength={80} placeholder="svc-watchman" autoCapitalize="off" onChange={(event) => setTo(event.target.value)} />
      </label>
      <label>
        <span className="label">Kind</span>
        <select value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          <option value="QUESTION">Question</option>
          <option value="ANSWER">Answer</option>
          <option value="FINDING">Finding</option>
          <option value="STATUS_PING">Status ping</option>
          <option value="AUDIT_REQUEST">Audit request</option>
          <option value="URGENT_ALERT">Urgent alert</option>
        </select>
      </label>
      <label>
        <span className="label">Priority</span>
        <select value={priority} onChange={(event) => setPriority(event.target.value as Priority)}>
          <option value="LOW">Low</option>
          <option value="MEDIUM">Medium</option>
          <option value="HIGH">High</option>
          <option value="CRITICAL">Critical</option>
        </select>
      </label>
      <label>
        <span className="label">What you write</span>
        <input value={body} required maxLength={4000} onChange={(event) => setBody(event.target.value)} />
      </label>
      <button type="submit" disabled={send.busy || site === ""}>
        Send
      </button>
      {send.problem && <Problem text={send.problem} />}
    </form>
  );
}

/** To whoever wrote it, or to everyone where that was a person. */
export function Reply({ letter, follow }: { letter: Letter; follow: Follow }) {
  const send = useAsk(SendLetter);
  const seen = useAsk(AcknowledgeLetter);
  const [writing, setWriting] = useState(false);
  const [body, setBody] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const whom = isAgent(letter.from) ? { toAgent: letter.from } : {};
    const about = { case: letter.caseId, task: letter.taskId, inReplyTo: letter.id };
    void send.ask({ site: letter.site, letter: { ...whom, ...about, kind: "ANSWER", priority: letter.priority, body } }).then(async (answered) => {
      follow(answered);
      if (answered === null || answered.kind === "REFUSED") return;
      // An answer of the addressee's says that she has read it; another person's has to say so by itself.
      follow(await seen.ask({ site: letter.site, letter: letter.id }));
      setWriting(false);
    });
  };
  if (!writing) {
    return (
      <button type="button" className="small" onClick={() => setWriting(true)}>
        Answer…<span className="unseen"> the letter of {letter.from}</span>
      </button>
    );
  }
  return (
    <form className="reply" onSubmit={submit}>
      <label>
        <span className="label">Your answer</span>
        <input value={body} required maxLength={4000} autoFocus onChange={(event) => setBody(event.target.value)} />
      </label>
      <button type="button" className="small" disabled={send.busy || seen.busy} onClick={() => setWriting(false)}>
        Back
      </button>
      <button type="submit" className="small" disabled={send.busy || seen.busy}>
        Send the answer
      </button>
      {(send.problem ?? seen.problem) !== null && <Problem text={send.problem ?? seen.problem ?? ""} />}
    </form>
  );
}
