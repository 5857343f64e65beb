// What stands where there is nothing to show: why, and what to do.
import type { ReactNode } from "react";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
    </section>
  );
}

export function Problem({ text, retry, retryText = "Try now" }: { text: string; retry?: (() => void) | undefined; retryText?: string }) {
  return (
    <div className="problem" role="alert">
      <p>{text}</p>
      {retry && (
        <button type="button" onClick={retry}>
          {retryText}
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Reading {what}…
    </p>
  );
}
