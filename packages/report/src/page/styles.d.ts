// The bundler gathers imported styles.
declare module "*.css";
