// The page's pictures: lines of 24 by 24, in the colour of the text beside them.

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  links: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.700l-1.3 1.300M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.700l1.3-1.3",
  outages: "M13 3 5 14h6l-1 7 8-11h-6z",
  devices: "M3 5h13v10H3zM2 19h9M18 9h4v11h-5v-7",
  events: "M4 6h2M4 12h2M4 18h2M9 6h11M9 12h11M9 18h11",
  setup: "M4 7h9M19 7h1M4 17h1M11 17h9M13 7a3 3 0 1 0 6 0 3 3 0 0 0-6 0zM5 17a3 3 0 1 0 6 0 3 3 0 0 0-6 0z",
  phone: "M8 3h8v18H8zM11 18h2",
  tablet: "M5 3h14v18H5zM11 18h2",
  computer: "M4 5h16v10H4zM2 19h20",
  television: "M3 5h18v11H3zM8 20h8",
  speaker: "M7 3h10v18H7zM12 17a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 7h.01",
  printer: "M7 8V3h10v5M5 8h14v8h-2M7 16H5V8M7 13h10v8H7z",
  camera: "M3 7h13v10H3zM16 11l5-3v8l-5-3",
  router: "M4 14h16v6H4zM8 17h.01M12 17h4M12 14V9M8 7a6 6 0 0 1 8 0M6 4.500a9 9 0 0 1 12 0",
  switch: "M3 9h18v7H3zM7 12v1M11 12v1M15 12h3",
  storage: "M4 4h16v7H4zM4 13h16v7H4zM8 7.500h.01M8 16.500h.01M12 7.500h4M12 16.500h4",
  console: "M7 8h10a5 5 0 0 1 1 9.900L15 15H9l-3 2.900A5 5 0 0 1 7 8zM8 10v4M6 12h4M16 12h.01",
  home: "M4 11l8-7 8 7v9H4zM10 20v-5h4v5",
  telephone: "M6 3l3 5-2 2a12 12 0 0 0 7 7l2-2 5 3-2 3C11 22 2 13 4 5z",
  small: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  unknown: "M9.5 9a2.6 2.6 0 1 1 3.6 2.400c-.8.4-1.1.9-1.1 1.900M12 16.500h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  pencil: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4 4",
  close: "M6 6l12 12M18 6L6 18",
  back: "M14 6l-6 6 6 6",
  forward: "M10 6l6 6-6 6",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  dark: "M20 14.5A8.5 8.5 0 1 1 9.5 4 7 7 0 0 0 20 14.5z",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  warning: "M12 4 2.5 20h19zM12 10v5M12 17.500h.01",
  tick: "M5 13l4 4L19 7",
} as const;

export type Picture = keyof typeof PATHS;

/** A picture; with a title where no word stands beside it. */
export function Icon({ of, title }: { of: Picture; title?: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" {...(title === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": title })}>
      {title !== undefined && <title>{title}</title>}
      <path d={PATHS[of]} />
    </svg>
  );
}

/** Kinds by a word in them. */
const KINDS: readonly (readonly [string, Picture])[] = [
  ["telephone", "telephone"],
  ["phone", "phone"],
  ["tablet", "tablet"],
  ["Apple", "phone"],
  ["small computer", "small"],
  ["small device", "small"],
  ["computer", "computer"],
  ["television", "television"],
  ["media player", "television"],
  ["speaker", "speaker"],
  ["printer", "printer"],
  ["camera", "camera"],
  ["router", "router"],
  ["access point", "router"],
  ["equipment", "router"],
  ["switch", "switch"],
  ["storage", "storage"],
  ["server", "storage"],
  ["console", "console"],
  ["smart home", "home"],
];

/** A device's kind as a picture, with the reason when one points at it. */
export function Kind({ kind, reason }: { kind: string | null; reason?: string | null | undefined }) {
  const picture = KINDS.find(([word]) => kind?.includes(word))?.[1] ?? "unknown";
  const title = kind === null ? "unknown kind" : reason ? `${kind}: ${reason}` : kind;
  return (
    <span class="kind" title={title}>
      <Icon of={picture} title={title} />
    </span>
  );
}
