/*
 * What has no data under the traffic of the demo, each with the reason. An entry that has data after all fails the test.
 */

/** Panels, as `dashboard / panel`. */
export const emptyPanels: Readonly<Record<string, string>> = {};

/** Series that an alert reads, as `alert selector`. */
export const emptyAlertSelectors: Readonly<Record<string, string>> = {};
