// A message on its way out: how far it came as a shape and a word, to whom, and what it says. Its words are text, whatever they look like.
import type { Notice } from "../api/fragments.ts";
import { type Delivery, deliveryOf, type Mark, targetText, wordsOf } from "../logic/delivery.ts";
import { When } from "./when.tsx";

const SHAPES: Record<Mark, string> = {
  done: "M3 8.5l3.2 3.2L13 4.5",
  going: "M2 8h11M9 4l4 4-4 4",
  waiting: "M8 2a6 6 0 1 1-.01 0zM8 4.5V8l2.5 1.5",
  failed: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  unknown: "M5.5 6a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.2.9-1.2 1.9M8 12.6v.3",
  dropped: "M3 8h10",
};

export function DeliveryMark({ mark, word }: Pick<Delivery, "mark" | "word">) {
  return (
    <span className={`delivery ${mark}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[mark]} />
      </svg>
      {word}
    </span>
  );
}

/** In a list of messages: one that is settled or goes on by itself. */
export function MessageRow({ notice, about }: { notice: Notice; about?: React.ReactNode }) {
  const delivery = deliveryOf(notice);
  return (
    <li className="notice">
      <DeliveryMark mark={delivery.mark} word={delivery.word} />
      <div className="what">
        <p>
          <strong>{notice.subject}</strong> {targetText(notice.target)}
        </p>
        <p className="feature">
          {delivery.until !== null && (
            <>
              until <When at={delivery.until} title="Real time" />;{" "}
            </>
          )}
          {delivery.text !== "" && `${delivery.text}; `}
          <When at={delivery.at} title="Real time" />
          {about}
        </p>
        <Words notice={notice} />
      </div>
    </li>
  );
}

export function Words({ notice }: { notice: Pick<Notice, "body"> }) {
  const words = wordsOf(notice.body);
  if (words.trim() === "") return null;
  return (
    <details>
      <summary>What it says</summary>
      <blockquote className="words">{words}</blockquote>
    </details>
  );
}
