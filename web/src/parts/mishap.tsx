// Where a screen cannot be drawn: what that may be, and the one thing that helps.
import { Component, type ReactNode } from "react";
import { Problem } from "./notice.tsx";

export class Mishap extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    // Most often the program was replaced since, and the part of the page that this screen needs is no longer there.
    return <Problem text="This screen cannot be shown. The program may have been updated since the page was opened: load the page anew." retry={() => location.reload()} retryText="Load anew" />;
  }
}
