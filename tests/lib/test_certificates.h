/* Certificates of a test's own (make_certificates.sh), in a directory that it gives. */
#pragma once

/* Asserts that the files were made. */
void weir_test_certificates(const char *directory);
