import path from "node:path";

import license from "rollup-plugin-license";

/**
 * A plugin that writes the licences of the bundled libraries, as these require, into a folder. A library without a
 * licence text is refused.
 */
export function licencesInto(folder) {
  return license({
    thirdParty: {
      allow: { test: (library) => isOurs(library) || Boolean(library.licenseText), failOnViolation: true },
      output: {
        file: path.join(folder, "LICENSES.txt"),
        template: (libraries) =>
          libraries
            .filter((one) => !isOurs(one))
            .map(licenceOf)
            .join("\n\n"),
      },
    },
  });
}

function isOurs({ name }) {
  return name === "rxbpf" || name.startsWith("@rxbpf/");
}

function licenceOf({ name, version, license, licenseText, noticeText }) {
  return [`\n${name} ${version}, ${license}`, licenseText, noticeText]
    .map((text) => text?.trimEnd())
    .filter(Boolean)
    .join("\n\n");
}
