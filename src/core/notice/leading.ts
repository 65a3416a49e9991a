import type { CauseView, IncidentView } from "../incident-view.ts";

/** The cause that leads with a `confirmed` or `likely` verdict, null while none does. */
export function leadingCauseOf(incident: Pick<IncidentView, "causes">): CauseView | null {
  const [first] = incident.causes;
  return first?.verdict === "confirmed" || first?.verdict === "likely" ? first : null;
}
