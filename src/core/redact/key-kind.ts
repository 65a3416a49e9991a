/**
 * What a key says about its value.
 *
 * secret    tokens, passwords, signatures: dropped
 * header    cookies and authorization: dropped, to the end of the line in plain text
 * content   what people wrote or said, and where to fetch it: dropped
 * place     city and postcode: dropped
 * address   a phone number or channel address, with or without `+`: masked
 * url       a URL as a whole, whatever characters it has
 * plain     everything else: masked where the text itself shows a number, an address or a credential
 */
export type KeyKind = "plain" | "secret" | "header" | "content" | "place" | "address" | "url";

const secret =
  /token|secret|passw|passphrase|pwd|apikey|privatekey|accesskey|credential|signature|bearer|jwt|sessionid|^(?:auth|pin|otp|pass)$|^(?:ac|sk)[0-9a-f]{32}$/;
const header = /cookie|authorization/;
const content =
  /^mediaurl\d*$|^(?:digits|finisheddigits|buttontext|buttonpayload|listtitle|speechresult|unstablespeechresult|stablespeechresult|transcriptiontext|transcript|recordingurl|profilename|callername|contentvariables|latitude|longitude)$/;
const contentOfParameters = /^(?:message|messagetext|text|content|caption|subject|input|query)$/;
const place =
  /^(?:from|to|caller|called|sender|recipient|customer|user|billing|shipping)?(?:city|zip|zipcode|postcode|postalcode)$/;
const address = /phone|msisdn|callerid|whatsapp|^waid$/;
const addressWords = new Set(
  "from to caller called sender recipient identifier author address number mobile fax contact addressee".split(" "),
);
const notAddresses = new Set("ip ipaddress flownumber".split(" "));
const urlWords = new Set("url uri href link location referer referrer callback endpoint destination".split(" "));

const known = new Map<string, KeyKind>();
const knownLimit = 2000;

/** The kind of a key. `inParameters`: inside the parameters of a webhook, where `message` or `text` is somebody's text. */
export function keyKind(key: string, inParameters: boolean): KeyKind {
  if (key === "") return "plain";
  const memo = inParameters ? `p ${key}` : key;
  let kind = known.get(memo);
  if (kind === undefined) {
    kind = classify(key.length > 64 ? key.slice(-64) : key, inParameters);
    // Keys come from the network: what is remembered stays bounded.
    if (known.size < knownLimit && key.length <= 64) known.set(memo, kind);
  }
  return kind;
}

function classify(key: string, inParameters: boolean): KeyKind {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const joined = words.join("");
  const last = words.at(-1) ?? "";
  const lastTwo = words.slice(-2).join("");
  if (header.test(joined)) return "header";
  if (secret.test(joined)) return "secret";
  if (joined.endsWith("body") || content.test(joined) || content.test(last) || content.test(lastTwo)) return "content";
  if (inParameters && (contentOfParameters.test(joined) || contentOfParameters.test(last))) return "content";
  if (place.test(joined) || place.test(last) || place.test(lastTwo)) return "place";
  if (notAddresses.has(joined) || notAddresses.has(last)) return "plain";
  if (urlWords.has(last) || /ur[li]$/.test(joined)) return "url";
  if (address.test(joined) || (last === "number" ? addressWords.has(words.at(-2) ?? "from") : addressWords.has(last)))
    return "address";
  return /(?:address|identifier)$/.test(joined) ? "address" : "plain";
}
