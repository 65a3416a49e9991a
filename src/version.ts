import packageJson from "../package.json" with { type: "json" };

/** The version of this Faultline, from package.json. */
export const version: string = packageJson.version;
