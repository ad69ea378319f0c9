namespace RaftLog.Checking;

/// <summary>
/// The successful changes of each topic, and those without a response where they are needed, can be put in an order that explains them
/// (A35). A rejected change was not made where the system makes changes once. Elsewhere it may have been made all the same: a broker that
/// lost the controller's answer asks again, as Kafka's do, and hands on what the repetition was told (TOPIC_ALREADY_EXISTS after having
/// created the topic). It happened before its answer then.
/// </summary>
internal sealed class MetadataCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        TopicModel model = new();
        foreach (IGrouping<string, MetadataOperation> topic in evidence.History.Metadata.GroupBy(each => each.Topic))
        {
            List<TimedCall<MetadataOperation>> calls = [];
            foreach (MetadataOperation operation in topic)
            {
                bool isRead = operation.Action is MetadataAction.Read or MetadataAction.View;
                bool isRejected = operation.Outcome == SendOutcome.Rejected;
                if (operation.Action != MetadataAction.View && operation.Outcome == SendOutcome.Acknowledged)
                {
                    calls.Add(new TimedCall<MetadataOperation>(operation, operation.InvokedUs, operation.CompletedUs));
                }
                else if (!isRead && !(isRejected && evidence.History.MakesChangesOnce))
                {
                    calls.Add(
                        new TimedCall<MetadataOperation>(operation, operation.InvokedUs, isRejected ? operation.CompletedUs : null)
                        {
                            IsOptional = isRejected,
                        }
                    );
                }
            }

            Linearization order = LinearizabilityChecker.Check(model, calls);
            if (order.Verdict == LinearizationVerdict.Undecided)
            {
                found.AddUndecided(
                    $"whether the {calls.Count} changes of topic {topic.Key} are linearizable: given up after {order.Steps} steps"
                );
            }
            else if (order.Verdict == LinearizationVerdict.Illegal)
            {
                MetadataOperation? stuck = calls
                    .Select((each, i) => (each, i))
                    .Where(each => each.each is { CompletedUs: not null, IsOptional: false } && !order.Longest.Contains(each.i))
                    .OrderBy(each => each.each.CompletedUs)
                    .Select(each => each.each.Call)
                    .FirstOrDefault();
                found.Add(
                    new Anomaly(
                        AnomalyKind.NotLinearizable,
                        $"no order explains the {calls.Count} changes of topic {topic.Key}: after {order.Longest.Count} of them {stuck} "
                            + $"at {stuck?.InvokedUs} us fits nowhere"
                    )
                    {
                        Topic = topic.Key,
                    }
                );
            }
        }
    }
}
