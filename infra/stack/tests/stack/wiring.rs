//! The template wires the functions as the stack on the box does, and allows each what it does.

use std::collections::{BTreeMap, BTreeSet};

use masa_box::AwsBox;
use masa_runtime::{Config, Missing};
use masa_stack::{RECEIVES_MAX, ROUTES, VISIBILITY_S, stream_patterns};
use serde_json::{Value, json};

use crate::{template, world::World};

/// What each function may do beyond writing its own log.
const ALLOWED: [(&str, &[&str]); 12] = [
    (
        "advance",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetItem",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "iam:PassRole",
            "scheduler:CreateSchedule",
            "scheduler:DeleteSchedule",
            "sqs:SendMessage",
        ],
    ),
    ("click", &["dynamodb:UpdateItem"]),
    (
        "dates",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "sqs:GetQueueAttributes",
            "sqs:SendMessage",
        ],
    ),
    (
        "deliver",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "ses:SendEmail",
            "sns:Publish",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    ),
    ("event", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]),
    (
        "feedback",
        &[
            "dynamodb:UpdateItem",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    ),
    ("open", &["dynamodb:UpdateItem"]),
    ("preferences", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]),
    ("purchase", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]),
    ("signup", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]),
    ("sweep", &["dynamodb:Query", "sqs:GetQueueAttributes", "sqs:SendMessage"]),
    (
        "wake",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "iam:PassRole",
            "scheduler:CreateSchedule",
            "scheduler:DeleteSchedule",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    ),
];

pub(crate) struct Template(pub(crate) Value);

impl Template {
    pub(crate) fn read() -> Self {
        Self(template::read())
    }

    pub(crate) fn of(&self, kind: &str) -> Vec<(&String, &Value)> {
        let resources = self.0["Resources"].as_object().unwrap();
        resources.iter().filter(|(_, resource)| resource["Type"] == kind).collect()
    }

    pub(crate) fn resource(&self, name: &str) -> &Value {
        let resource = &self.0["Resources"][name];
        assert!(!resource.is_null(), "the template has no {name}");
        &resource["Properties"]
    }

    /// The resource that `{"Fn::GetAtt": "Name.Arn"}` or `{"Ref": "Name"}` names.
    pub(crate) fn named<'v>(&self, reference: &'v Value) -> &'v str {
        let text = reference["Fn::GetAtt"].as_str().or_else(|| reference["Ref"].as_str());
        text.unwrap_or_else(|| panic!("{reference} names nothing")).split('.').next().unwrap()
    }

    /// The functions by the name of their program.
    pub(crate) fn functions(&self) -> BTreeMap<&str, (&String, &Value)> {
        let named = |(name, resource)| {
            let resource: &Value = resource;
            let program = resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap();
            (program, (name, &resource["Properties"]))
        };
        self.of("AWS::Serverless::Function").into_iter().map(named).collect()
    }

    fn timeout(&self, function: &Value) -> u64 {
        let common = &self.0["Globals"]["Function"]["Timeout"];
        function["Timeout"].as_u64().or(common.as_u64()).unwrap()
    }
}

#[test]
fn every_function_of_the_workspace_is_in_the_template() {
    let template = Template::read();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let programs: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    let functions = template.functions();
    let deployed: BTreeSet<String> = functions.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(deployed, programs);
    for (program, (name, function)) in functions {
        assert_eq!(function["CodeUri"], json!(format!("../functions/{program}")));
        let log = template.named(&function["LoggingConfig"]["LogGroup"]);
        assert_eq!(template.0["Resources"][log]["Type"], "AWS::Logs::LogGroup");
        let log = template.resource(log);
        assert!(!log["RetentionInDays"].is_null(), "{name}: logs are not kept for ever");
        assert_eq!(
            log["LogGroupName"],
            json!({"Fn::Sub": format!("/${{AWS::StackName}}/{program}")})
        );
    }
}

#[test]
fn the_routes_are_those_of_the_stack() {
    let template = Template::read();
    let mut routed = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (name, route) in template.of("AWS::ApiGatewayV2::Route") {
        let route = &route["Properties"];
        let target = route["Target"]["Fn::Sub"].as_str().unwrap();
        let integration =
            target.strip_prefix("integrations/${").unwrap().strip_suffix('}').unwrap();
        let integration = template.resource(integration);
        assert_eq!(integration["PayloadFormatVersion"], "2.0", "{name}");
        let function = template.named(&integration["IntegrationUri"]);
        let permitted =
            template.of("AWS::Lambda::Permission").into_iter().any(|(_, permission)| {
                permission["Properties"]["FunctionName"] == json!({"Ref": function})
            });
        assert!(permitted, "the API may not invoke {function}");
        let program =
            template.0["Resources"][function]["Metadata"]["BuildProperties"]["Binary"].as_str();
        routed.entry(program.unwrap()).or_default().insert(route["RouteKey"].as_str().unwrap());
    }
    let stack = ROUTES.map(|(function, routes)| (function, routes.iter().copied().collect()));
    assert_eq!(routed, BTreeMap::from(stack));
}

#[test]
fn the_stream_is_filtered_and_given_up_as_on_the_stack() {
    let template = Template::read();
    let (_, advance) = template.functions()["advance"];
    let source = &advance["Events"]["Source"];
    assert_eq!(source["Type"], "DynamoDB");
    let source = &source["Properties"];
    let filters = source["FilterCriteria"]["Filters"].as_array().unwrap();
    let patterns: Vec<Value> = filters
        .iter()
        .map(|filter| serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(patterns, stream_patterns());
    assert_eq!(source["BatchSize"], 100);
    assert_eq!(source["MaximumRetryAttempts"], 50);
    assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let failed = template.named(&source["DestinationConfig"]["OnFailure"]["Destination"]);
    assert_eq!(failed, "AdvanceDeadLetters");
}

#[test]
fn queues_hide_and_give_up_as_on_the_stack() {
    let template = Template::read();
    for (program, queue, dead_letters) in [
        ("deliver", "SendQueue", "SendDeadLetters"),
        ("feedback", "FeedbackQueue", "FeedbackDeadLetters"),
        ("wake", "WakeQueue", "WakeDeadLetters"),
    ] {
        let (name, function) = template.functions()[program];
        let source = &function["Events"]["Source"];
        assert_eq!(source["Type"], "SQS", "{name}");
        assert_eq!(template.named(&source["Properties"]["Queue"]), queue);
        assert_eq!(source["Properties"]["BatchSize"], 10);
        assert_eq!(
            source["Properties"]["FunctionResponseTypes"],
            json!(["ReportBatchItemFailures"])
        );
        let queue = template.resource(queue);
        assert_eq!(queue["VisibilityTimeout"], VISIBILITY_S);
        assert!(
            6 * template.timeout(function) <= u64::from(VISIBILITY_S),
            "{name}: six times its time limit"
        );
        assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], RECEIVES_MAX);
        assert_eq!(template.named(&queue["RedrivePolicy"]["deadLetterTargetArn"]), dead_letters);
        assert_eq!(template.resource(dead_letters)["MessageRetentionPeriod"], 14 * 86_400);
    }
}

#[test]
fn the_table_is_made_as_the_store_makes_it() {
    let template = Template::read();
    let table = template.resource("Table");
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    assert_eq!(table["KeySchema"], json!([key("pk", "HASH"), key("sk", "RANGE")]));
    let index = |[name, hash, range]: [&str; 3]| {
        json!({
            "IndexName": name,
            "KeySchema": [key(hash, "HASH"), key(range, "RANGE")],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        })
    };
    let indexes = [["overdue", "watch", "due"], ["dates", "shard", "look"]].map(index);
    assert_eq!(table["GlobalSecondaryIndexes"], json!(indexes));
    let kinds =
        [("pk", "S"), ("sk", "S"), ("watch", "S"), ("due", "N"), ("shard", "S"), ("look", "N")];
    let kinds = kinds.map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}));
    assert_eq!(table["AttributeDefinitions"], json!(kinds));
    assert_eq!(
        table["TimeToLiveSpecification"],
        json!({"AttributeName": "expires", "Enabled": true})
    );
    assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(template.0["Resources"]["Table"]["DeletionPolicy"], "Retain");
}

/// A value or a list of values.
fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |members| members.iter().collect())
}

#[test]
fn each_function_may_do_what_it_does_and_no_more() {
    let template = Template::read();
    let allowed = BTreeMap::from(ALLOWED);
    for (program, (name, function)) in template.functions() {
        let role = template.named(&function["Role"]);
        let log = template.named(&function["LoggingConfig"]["LogGroup"]);
        let role = template.resource(role);
        assert!(role["ManagedPolicyArns"].is_null() && function["Policies"].is_null(), "{name}");
        let mut actions = BTreeSet::new();
        for policy in role["Policies"].as_array().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                let own =
                    list(&statement["Action"]).into_iter().map(|action| action.as_str().unwrap());
                let own: BTreeSet<&str> = own.collect();
                check_resources(&template, name, &own, statement);
                if own.iter().any(|action| action.starts_with("logs:")) {
                    assert_eq!(own, BTreeSet::from(["logs:CreateLogStream", "logs:PutLogEvents"]));
                    assert_eq!(
                        template.named(&statement["Resource"]),
                        log,
                        "{name} writes its own log"
                    );
                } else {
                    actions.extend(own);
                }
            }
        }
        let allowed: BTreeSet<&str> = allowed[program].iter().copied().collect();
        assert_eq!(actions, allowed, "{name}");
    }
}

/// Every statement names what it is for; only a phone has no name.
fn check_resources(
    template: &Template,
    function: &str,
    actions: &BTreeSet<&str>,
    statement: &Value,
) {
    assert_eq!(statement["Effect"], "Allow");
    assert!(actions.iter().all(|action| !action.contains('*')), "{function}: {actions:?}");
    if actions.contains("sns:Publish") {
        assert_eq!(actions.len(), 1);
        assert!(statement["NotResource"].is_object(), "{function}: phones, and no topic");
        return;
    }
    for resource in list(&statement["Resource"]) {
        assert!(resource.is_object(), "{function}: {resource} is written out");
        if actions.iter().any(|action| action.starts_with("dynamodb:")) {
            let text = resource.to_string();
            assert!(text.contains("Table."), "{function}: {text} is not the table");
        }
        if actions.iter().any(|action| action.starts_with("sqs:")) {
            let queue = template.named(resource);
            assert_eq!(template.0["Resources"][queue]["Type"], "AWS::SQS::Queue", "{function}");
        }
    }
    if actions.contains("iam:PassRole") {
        let to = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
        assert_eq!(*to, "scheduler.amazonaws.com");
    }
}

fn starts<F: masa_runtime::Function>(aws: &AwsBox, config: &Config) -> Result<(), Missing> {
    aws.build::<F>(config).map(drop)
}

/// Each function is started with the variables that the template gives it, and no others.
#[tokio::test]
async fn the_template_gives_each_function_the_settings_that_it_needs() {
    let world = World::library().await;
    let (aws, settings) = (&world.stack.aws, &world.stack.config);
    let template = Template::read();
    let common = &template.0["Globals"]["Function"]["Environment"]["Variables"];
    for (program, (_, function)) in template.functions() {
        let own = &function["Environment"]["Variables"];
        let variables =
            [common, own].into_iter().flat_map(|variables| variables.as_object().unwrap().keys());
        let config: Config =
            variables.filter_map(|name| Some((name, settings.get(name)?))).collect();
        let started = match program {
            "advance" => starts::<masa_advance::Function>(aws, &config),
            "click" => starts::<masa_click::Function>(aws, &config),
            "dates" => starts::<masa_dates::Function>(aws, &config),
            "deliver" => starts::<masa_deliver::Function>(aws, &config),
            "event" => starts::<masa_event::Function>(aws, &config),
            "feedback" => starts::<masa_feedback::Function>(aws, &config),
            "open" => starts::<masa_open::Function>(aws, &config),
            "preferences" => starts::<masa_preferences::Function>(aws, &config),
            "purchase" => starts::<masa_purchase::Function>(aws, &config),
            "signup" => starts::<masa_signup::Function>(aws, &config),
            "sweep" => starts::<masa_sweep::Function>(aws, &config),
            "wake" => starts::<masa_wake::Function>(aws, &config),
            other => panic!("this test does not know {other}"),
        };
        assert_eq!(started, Ok(()), "{program}");
        assert!(starts::<masa_deliver::Function>(aws, &Config::default()).is_err(), "it can fail");
    }
}
