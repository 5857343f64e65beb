// A one-time code, large enough to be read off and typed: how long it is good, and what to do with it.
import { useEffect, useRef } from "react";
import type { Contact } from "../../api/people.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { countdown } from "../../logic/countdown.ts";
import { howToSend, isProved } from "../../logic/people.ts";
import { wayName } from "../../logic/ways.ts";
import type { Code } from "./offer.ts";

interface Props {
  code: Code;
  contacts: readonly Contact[] | null;
  hide: () => void;
}

export function CodeCard({ code, contacts, hide }: Props) {
  useNow();
  const element = useRef<HTMLElement>(null);
  useEffect(() => element.current?.focus(), []);
  const proved = isProved(contacts, code);
  const left = countdown(code.expiresAt, serverNow());
  return (
    <section ref={element} tabIndex={-1} className="panel codecard" aria-labelledby="code">
      <header>
        <h2 id="code">
          {proved ? `${code.person} is proved by ${wayName(code.way)}` : `Code for ${code.person} by ${wayName(code.way)}`}
        </h2>
        {!proved && (
          <p className={left.urgent ? "left urgent" : "left"}>
            <span className="label">{left.over ? "Ran out" : "Good for"}</span>
            <span role="timer">{left.text}</span>
          </p>
        )}
      </header>
      {proved && <p>The code came from there. From now on answers from that address count.</p>}
      {!proved && left.over && <p className="warn">Nobody sent it in time. Make a new one.</p>}
      {!proved && !left.over && (
        <>
          <p className="joincode">{code.code}</p>
          <p>
            <strong>{howToSend(code.way)}</strong> It shows that the address is {code.person}'s, and is seen here when it has come. The code is shown this once; a newer one ends it.
          </p>
        </>
      )}
      <div className="buttons">
        <button type="button" className="quiet" onClick={hide}>
          {proved || left.over ? "Done" : "Hide the code"}
        </button>
      </div>
    </section>
  );
}
