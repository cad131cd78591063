import { conformance } from "./conformance.js";
import { arrow } from "./recorded.js";

conformance(arrow);
