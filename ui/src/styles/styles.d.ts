// Style sheets are imported for what they do, and esbuild puts them together.

declare module "*.css";
