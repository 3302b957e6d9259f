/* Jobs from outside: SUBMIT_JOB, JOB_EVENTS and STOP_JOB (docs/adr/0008). A job is planned on the pool before
 * its submission is answered; its output is held for the submitter (job_events.h); how it ended can be asked
 * for a minute. Each job has a small pool of its own, so that one whose submitter does not read holds up no
 * other. Loop. */
#pragma once

#include "driver/driver_int.h"

typedef struct weir_submit_service weir_submit_service;

weir_submit_service *weir_submit_service_new(weir_driver *driver);
/* After the loop has ended; accepts NULL. */
void weir_submit_service_free(weir_submit_service *service);
/* Takes the call where it returns true: the message is one of the three. */
bool weir_submit_service_serve(weir_submit_service *service, weir_call *call, const weir_frame *frame);
/* Writers of results wait for nobody any more: the driver is to end at once. */
void weir_submit_service_abandon(weir_submit_service *service);
/* Whether every submitter has heard how its job ended, or has had time enough to. Else `done` of the driver
 * is asked again: weir_driver_jobs_changed is called when that may be different. */
bool weir_submit_service_is_settled(weir_submit_service *service);
