"""Edits to the template."""

from tests.mutants.edit import Edit

TEMPLATE = "template.yaml"
RESOURCES = "tests/template/test_resources.py"
BACKGROUND = "tests/template/test_background.py"
ALARMS = "tests/template/test_alarms.py"
PERMISSIONS = "tests/template/test_permissions.py"
API = "tests/template/test_api.py"

EDITS = [
    Edit(
        "seed-deleted-with-the-stack",
        TEMPLATE,
        "    UpdateReplacePolicy: Retain\n"
        "    DeletionPolicy: RetainExceptOnCreate\n"
        "    Properties:\n"
        "      Description: !Sub Seed of",
        "    UpdateReplacePolicy: Delete\n"
        "    DeletionPolicy: Delete\n"
        "    Properties:\n"
        "      Description: !Sub Seed of",
        "The wallet's seed outlives the stack.",
        RESOURCES,
    ),
    Edit(
        "seed-lost-when-it-is-replaced",
        TEMPLATE,
        "    UpdateReplacePolicy: Retain\n"
        "    DeletionPolicy: RetainExceptOnCreate\n"
        "    Properties:\n"
        "      Description: !Sub Seed of",
        "    UpdateReplacePolicy: Delete\n"
        "    DeletionPolicy: RetainExceptOnCreate\n"
        "    Properties:\n"
        "      Description: !Sub Seed of",
        "The wallet's seed outlives an update of the stack.",
        RESOURCES,
    ),
    Edit(
        "seed-with-a-value",
        TEMPLATE,
        "      Description: !Sub Seed of the wallet that ${AWS::StackName} pays out from\n",
        "      Description: !Sub Seed of the wallet that ${AWS::StackName} pays out from\n"
        "      GenerateSecretString: {}\n",
        "No secret stands in the template or is made up by AWS.",
        RESOURCES,
    ),
    Edit(
        "a-thousand-workers-in-prod",
        TEMPLATE,
        "MaximumConcurrency: !If [IsProd, 10, 2]",
        "MaximumConcurrency: !If [IsProd, 1000, 2]",
        "The workers leave a new account's ten executions to the front ends.",
        BACKGROUND,
    ),
    Edit(
        "attention-alarm-on-a-counter",
        TEMPLATE,
        "      MetricName: PaymentsAttention\n",
        "      MetricName: PaymentNeedsAttention\n",
        "The alarm rings for as long as a payment needs a person.",
        ALARMS,
    ),
    Edit(
        "blocked-alarm-on-a-counter",
        TEMPLATE,
        "      MetricName: PayoutsAttention\n",
        "      MetricName: PayoutBlocked\n",
        "The alarm rings for as long as a payout needs a person.",
        ALARMS,
    ),
    Edit(
        "stuck-alarm-on-a-number",
        TEMPLATE,
        "      MetricName: OldestPaymentSeconds\n",
        "      MetricName: PaymentsStuck\n",
        "The alarm's threshold is an age, so its metric is one.",
        ALARMS,
    ),
    Edit(
        "silent-sweep-is-fine",
        TEMPLATE,
        "LessThanThreshold\n      TreatMissingData: breaching\n",
        "LessThanThreshold\n      TreatMissingData: notBreaching\n",
        "A sweep that does not run alarms.",
        ALARMS,
    ),
    Edit(
        "attention-alarm-ends-between-sweeps",
        TEMPLATE,
        "      MetricName: PaymentsAttention\n"
        "      Dimensions: [{Name: service, Value: !Ref AWS::StackName}]\n"
        "      Statistic: Maximum\n"
        "      Period: 300\n"
        "      EvaluationPeriods: 1\n"
        "      Threshold: 1\n"
        "      ComparisonOperator: GreaterThanOrEqualToThreshold\n"
        "      # Between two sweeps nothing is known anew.\n"
        "      TreatMissingData: ignore\n",
        "      MetricName: PaymentsAttention\n"
        "      Dimensions: [{Name: service, Value: !Ref AWS::StackName}]\n"
        "      Statistic: Maximum\n"
        "      Period: 300\n"
        "      EvaluationPeriods: 1\n"
        "      Threshold: 1\n"
        "      ComparisonOperator: GreaterThanOrEqualToThreshold\n"
        "      # Between two sweeps nothing is known anew.\n"
        "      TreatMissingData: notBreaching\n",
        "A level stands until the next sweep says otherwise.",
        ALARMS,
    ),
    Edit(
        "held-up-alarm-rings-every-minute",
        TEMPLATE,
        "so it rings once for as long as the cause lasts.\n      Period: 3600\n",
        "so it rings once for as long as the cause lasts.\n      Period: 60\n",
        "A cause of the stack alarms once.",
        ALARMS,
    ),
    Edit(
        "payments-deleted-with-the-stack",
        TEMPLATE,
        "  PaymentsTable:\n"
        "    Type: AWS::DynamoDB::Table\n"
        "    UpdateReplacePolicy: Retain\n"
        "    DeletionPolicy: RetainExceptOnCreate\n",
        "  PaymentsTable:\n"
        "    Type: AWS::DynamoDB::Table\n"
        "    UpdateReplacePolicy: Retain\n"
        "    DeletionPolicy: Delete\n",
        "The ledger outlives the stack.",
        RESOURCES,
    ),
    Edit(
        "payments-not-protected-in-prod",
        TEMPLATE,
        "to_address, started_at]\n"
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n"
        "      SSESpecification: {SSEEnabled: true}\n"
        "      DeletionProtectionEnabled: !If [IsProd, true, false]\n",
        "to_address, started_at]\n"
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n"
        "      SSESpecification: {SSEEnabled: true}\n"
        "      DeletionProtectionEnabled: !If [IsProd, false, true]\n",
        "In prod no table is deleted by mistake.",
        RESOURCES,
    ),
    Edit(
        "payments-without-backups",
        TEMPLATE,
        "to_address, started_at]\n"
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n",
        "to_address, started_at]\n"
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}\n",
        "Each table can be restored to any second.",
        RESOURCES,
    ),
    Edit(
        "several-payouts-at-once",
        TEMPLATE,
        "            BatchSize: 1\n",
        "            BatchSize: 10\n",
        "One payout is sent at a time.",
        BACKGROUND,
    ),
    Edit(
        "payouts-switched-on",
        TEMPLATE,
        '      Value: "off"\n',
        '      Value: "on"\n',
        "Payouts are off until the operator switches them on.",
        RESOURCES,
    ),
    Edit(
        "payout-shown-again-while-in-work",
        TEMPLATE,
        "      VisibilityTimeout: 360\n",
        "      VisibilityTimeout: 60\n",
        "A message in work is hidden for six timeouts.",
        BACKGROUND,
    ),
    Edit(
        "anybody-asks-for-a-payout",
        TEMPLATE,
        "            Path: /payouts\n"
        "            TimeoutInMillis: 20000\n"
        "            Auth: {Authorizer: AWS_IAM}\n",
        "            Path: /payouts\n            TimeoutInMillis: 20000\n",
        "Only who may sign for the account can ask for a payout.",
        API,
    ),
    Edit(
        "front-end-cancels-after-a-minute",
        TEMPLATE,
        "    Default: 600\n    MinValue: 600\n",
        "    Default: 600\n    MinValue: 60\n",
        "No payment is cancelled younger than ten minutes.",
        BACKGROUND,
    ),
    Edit(
        "sweep-cancels-when-a-front-end-may",
        TEMPLATE,
        "SWEEP_CANCELS_AFTER_SECONDS: !Ref SweepCancelsAfterSeconds",
        "SWEEP_CANCELS_AFTER_SECONDS: !Ref CancelUnpaidAfterSeconds",
        "By itself a payment is cancelled only after an hour.",
        BACKGROUND,
    ),
    Edit(
        "failed-sweep-repeated-by-lambda",
        TEMPLATE,
        "sweep is the retry.\n      EventInvokeConfig: {MaximumRetryAttempts: 0}",
        "sweep is the retry.\n      EventInvokeConfig: {MaximumRetryAttempts: 2}",
        "The next sweep is the retry.",
        BACKGROUND,
    ),
    Edit(
        "whole-batch-repeated",
        TEMPLATE,
        "            FunctionResponseTypes: [ReportBatchItemFailures]\n            # At least 2",
        "            # At least 2",
        "One bad message repeats no other.",
        BACKGROUND,
    ),
    Edit(
        "reader-of-payments-writes",
        TEMPLATE,
        "                Action: [dynamodb:GetItem]\n"
        "                Resource: !GetAtt PaymentsTable.Arn\n",
        "                Action: [dynamodb:GetItem, dynamodb:UpdateItem]\n"
        "                Resource: !GetAtt PaymentsTable.Arn\n",
        "A role has its verbs on its resources only.",
        PERMISSIONS,
    ),
    Edit(
        "sweep-reads-the-seed",
        TEMPLATE,
        "                Resource: !GetAtt Payouts.Arn\n"
        "              - Effect: Allow\n"
        "                Action: secretsmanager:GetSecretValue\n"
        "                Resource: !GetAtt ServerKey.Id\n",
        "                Resource: !GetAtt Payouts.Arn\n"
        "              - Effect: Allow\n"
        "                Action: secretsmanager:GetSecretValue\n"
        "                Resource: [!GetAtt ServerKey.Id, !GetAtt WalletSeed.Id]\n",
        "Only the sender reads the wallet's seed.",
        PERMISSIONS,
    ),
    Edit(
        "index-without-what-paces-the-sweep",
        TEMPLATE,
        "          # The sweep counts what is stuck, and paces its retries, from the index alone.\n"
        "          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: "
        "[created_at, attention, owed]}\n",
        "          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: "
        "[created_at, attention]}\n",
        "What is owed does not wait for a person's day.",
        RESOURCES,
    ),
    Edit(
        "gateway-gives-up-first",
        TEMPLATE,
        "            Path: /pi_payment/approve\n            TimeoutInMillis: 20000\n",
        "            Path: /pi_payment/approve\n            TimeoutInMillis: 10000\n",
        "Whoever is nearer to the effect gives up first.",
        API,
    ),
]
