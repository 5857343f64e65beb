// Which machine, which cause and how sure, where the case stands.
import type { Case } from "../../api/fragments.ts";
import type { CaseAsset } from "../../api/queries.ts";
import { detectorText } from "../../logic/alarms.ts";
import { percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { caseStanding } from "../../logic/standing.ts";
import { humanise, placeName, plural } from "../../logic/words.ts";
import { Mark } from "../../parts/mark.tsx";
import { When } from "../../parts/when.tsx";

export function CaseHead({ known, asset }: { known: Case; asset: CaseAsset | null }) {
  const stood = caseStanding(known.stage);
  return (
    <header className="casehead">
      <p className="crumbs">
        <a href={href.plant}>Plant</a> › {asset ? `${placeName(asset.area)} › ${placeName(asset.line)} › ` : ""}
        <a href={href.asset(known.site, known.assetId)}>{asset?.name ?? known.assetId}</a>
      </p>
      <h1>
        {known.diagnosis ? humanise(known.diagnosis.cause) : "Cause not known yet"}
        <span className="on"> on {asset?.name ?? known.assetId}</span>
      </h1>
      <dl className="keyfacts">
        <Fact name="Stage">
          <Mark standing={stood.standing} severity={known.status === "OPEN" ? known.severity : null} text={stood.text} />
        </Fact>
        {known.severity && <Fact name="Severity">{humanise(known.severity)}</Fact>}
        {known.diagnosis && <Fact name="Confidence">{percent(known.diagnosis.confidence)}</Fact>}
        <Fact name="Opened">
          <When at={known.openedAt} title="Plant time" named />
        </Fact>
        {known.closedAt && (
          <Fact name="Closed">
            <When at={known.closedAt} title="Plant time" named />
          </Fact>
        )}
        <Fact name="Seen by">
          {known.detector ? detectorText(known.detector).name : "—"}, {plural(known.alerts, "alert")}
        </Fact>
        {known.branchedFrom && (
          <Fact name="Found beside">
            <a href={href.case(known.branchedFrom)}>another case</a>
          </Fact>
        )}
      </dl>
      {known.onlyLate && <p className="warn">Every alert came from readings that arrived late: shown, never acted upon by itself.</p>}
    </header>
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
