package dev.kvern.it.deploy;

/** Where the images are that manifests name. */
interface Images {
    /**
     * The image of a reference such as {@code kvern/node:0.1.0}.
     *
     * @throws IllegalArgumentException if there is none
     */
    Image image(String reference);
}
