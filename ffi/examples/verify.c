/* Verifies a database: verify DATABASE PUBLISHED_KEY [EARLIER_KEY...]. Prints the report as JSON; exits with 0 if it is valid. */
#include <agent_receipts.h>
#include <stdio.h>
#include <stdlib.h>

/* A key's file, which is small; freed by nobody, since the program ends soon. */
static ar_text key(const char *path) {
  static const size_t most = 4096;
  char *text = malloc(most);
  FILE *file = fopen(path, "rb");
  size_t length = file == NULL || text == NULL ? 0 : fread(text, 1, most, file);
  if (file != NULL) {
    fclose(file);
  }
  return ar_text_of_length(text, length);
}

int main(int count, char **arguments) {
  ar_verifier verifier = 0;
  ar_verifier_config config = AR_VERIFIER_CONFIG_INIT;
  ar_verdict verdict = AR_VERDICT_INIT;
  ar_error error = AR_ERROR_INIT;
  size_t length = 0;
  char *report;
  ar_err code = AR_OK;
  if (count < 3) {
    fprintf(stderr, "usage: verify DATABASE PUBLISHED_KEY [EARLIER_KEY...]\n");
    return 2;
  }
  config.public_key = key(arguments[2]);
  code = ar_verifier_new(&config, &verifier, &error);
  for (int index = 3; index < count && code == AR_OK; index++) {
    code = ar_verifier_add_key(verifier, key(arguments[index]), AR_KEY_STANDING_EARLIER, &error);
  }
  if (code == AR_OK) {
    code = ar_verifier_database(verifier, ar_text_of(arguments[1]), &error);
  }
  if (code == AR_OK) {
    code = ar_verifier_finish(verifier, &verdict, &error);
  }
  if (ar_verifier_report_json(verifier, NULL, 0, &length, NULL) == AR_ERR_BUFFER && (report = malloc(length + 1)) != NULL &&
      ar_verifier_report_json(verifier, report, length + 1, &length, NULL) == AR_OK) {
    puts(report);
  }
  if (code != AR_OK) {
    fprintf(stderr, "%s\n", error.message);
  }
  ar_verifier_free(verifier, NULL);
  return code == AR_OK ? 0 : 1;
}
