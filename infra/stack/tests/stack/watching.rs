//! The template feeds `feedback` and `sweep` as the stack does, and tells an operator what has to be
//! told.

use masa_stack::SWEEP_EVERY;
use serde_json::{Value, json};

use crate::wiring::Template;

/// The one statement of a role, or of a policy of a queue or topic.
fn statement(policy: &Value) -> &Value {
    let [statement] = policy["Statement"].as_array().unwrap().as_slice() else {
        panic!("{policy} has not one statement")
    };
    assert_eq!(statement["Effect"], "Allow");
    statement
}

#[test]
fn ses_tells_a_topic_that_tells_the_queue() {
    let template = Template::read();
    let destination = &template.resource("FeedbackDestination")["EventDestination"];
    assert_eq!(template.named(&destination["SnsDestination"]["TopicARN"]), "FeedbackTopic");
    let kinds = destination["MatchingEventTypes"].as_array().unwrap();
    for kind in ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"] {
        assert!(kinds.contains(&json!(kind)), "{kind}");
    }
    let subscription = template.resource("FeedbackSubscription");
    assert_eq!(subscription["RawMessageDelivery"], true, "a body is an event, not a letter of SNS");
    assert_eq!(subscription["Protocol"], "sqs");
    assert_eq!(template.named(&subscription["TopicArn"]), "FeedbackTopic");
    assert_eq!(template.named(&subscription["Endpoint"]), "FeedbackQueue");
    let policy = template.resource("FeedbackQueuePolicy");
    assert_eq!(policy["Queues"], json!([{"Ref": "FeedbackQueue"}]));
    let allowed = statement(&policy["PolicyDocument"]);
    assert_eq!(allowed["Principal"], json!({"Service": "sns.amazonaws.com"}));
    assert_eq!(allowed["Action"], "sqs:SendMessage");
    assert_eq!(template.named(&allowed["Resource"]), "FeedbackQueue");
    let from = &allowed["Condition"]["ArnEquals"]["aws:SourceArn"];
    assert_eq!(template.named(from), "FeedbackTopic", "no other topic");
}

#[test]
fn a_clock_invokes_sweep_and_dates_and_nothing_else() {
    for program in ["sweep", "dates"] {
        clock_of(program);
    }
}

fn clock_of(program: &str) {
    let template = Template::read();
    let (name, function) = template.functions()[program];
    let clock = &function["Events"]["Clock"];
    assert_eq!(clock["Type"], "ScheduleV2");
    let clock = &clock["Properties"];
    let rate = format!("rate({} minutes)", SWEEP_EVERY.as_mins());
    assert_eq!((&clock["ScheduleExpression"], &clock["Input"]), (&json!(rate), &json!("{}")));
    assert!(clock["GroupName"].is_null(), "the group of waits holds waits alone");
    let role = template.resource(template.named(&clock["RoleArn"]));
    let allowed = statement(&role["Policies"][0]["PolicyDocument"]);
    assert_eq!(allowed["Action"], "lambda:InvokeFunction");
    assert_eq!(template.named(&allowed["Resource"]), name.as_str());
    let trusted = statement(&role["AssumeRolePolicyDocument"]);
    assert_eq!(trusted["Principal"], json!({"Service": "scheduler.amazonaws.com"}));
    let of = &trusted["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"];
    assert!(of.as_str().unwrap().ends_with(":schedule-group/default"), "{of}");
}

/// The field of a log line that the alarm's filter looks for, and the one that it counts, as JSON
/// pointers.
pub(crate) fn overdue_field() -> (String, String) {
    let template = Template::read();
    let filter = template.resource("OverdueMetric");
    let looks_for = filter["FilterPattern"].as_str().unwrap();
    let looks_for = looks_for.strip_prefix("{ $").unwrap().strip_suffix(" = * }").unwrap();
    let counts = filter["MetricTransformations"][0]["MetricValue"].as_str().unwrap();
    (looks_for.replace('.', "/"), counts.strip_prefix('$').unwrap().replace('.', "/"))
}

#[test]
fn alarms_are_told_of_dead_letters_and_overdue_journeys_and_cost_nothing() {
    let template = Template::read();
    let alarms = template.of("AWS::CloudWatch::Alarm");
    assert_eq!(alarms.len(), 10, "the eleventh costs money, as does each metric of a formula");
    for (name, alarm) in &alarms {
        let alarm = &alarm["Properties"];
        assert!(alarm["Metrics"].is_null(), "{name}");
        assert_eq!(alarm["AlarmActions"], json!([{"Ref": "AlarmTopic"}]), "{name}");
    }
    let queues = template.of("AWS::SQS::Queue").into_iter().map(|(name, _)| name);
    let dead_letters: Vec<_> = queues.filter(|name| name.ends_with("DeadLetters")).collect();
    assert_eq!(dead_letters.len(), 4);
    for queue in dead_letters {
        let alarm = template.resource(&format!("{queue}Alarm"));
        let name = json!({"Fn::GetAtt": format!("{queue}.QueueName")});
        assert_eq!(alarm["Dimensions"], json!([{"Name": "QueueName", "Value": name}]));
        assert_eq!(alarm["MetricName"], "ApproximateNumberOfMessagesVisible");
        assert_eq!((&alarm["Threshold"], &alarm["Statistic"]), (&json!(0), &json!("Maximum")));
    }
    let overdue = template.resource("Overdue");
    assert_eq!(overdue["TreatMissingData"], "breaching", "no sweep is told, too");
    assert!(overdue["Period"].as_i64().unwrap() > SWEEP_EVERY.as_secs());
    let filter = template.resource("OverdueMetric");
    let metric = &filter["MetricTransformations"][0];
    assert_eq!(metric["MetricName"], overdue["MetricName"]);
    assert_eq!(metric["MetricNamespace"], overdue["Namespace"]);
    let (_, sweep) = template.functions()["sweep"];
    let log = &sweep["LoggingConfig"];
    assert_eq!(filter["LogGroupName"], log["LogGroup"]);
    assert_eq!(log["ApplicationLogLevel"], "INFO", "the filter needs a line that says 0");
    let lost = template.resource("LostDatesMetric");
    assert_eq!(lost["FilterPattern"], "{ $.fields.lost = * }", "what `dates` logs");
    let (of_dates, of_sweep) = (&lost["MetricTransformations"][0], metric);
    assert_eq!(of_dates["MetricName"], of_sweep["MetricName"], "one alarm tells of both");
    let (_, dates) = template.functions()["dates"];
    assert_eq!(lost["LogGroupName"], dates["LoggingConfig"]["LogGroup"]);
}
