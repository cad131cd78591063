import { conformance } from "./conformance.js";
import { arrow, compressed } from "./recorded.js";

conformance(arrow);
conformance(compressed);
