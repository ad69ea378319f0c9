using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>What a node believes may be old, but it never goes back, and it was asked for by somebody before (A35).</summary>
internal sealed class MetadataViewCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(string, long), MetadataOperation> settings = [];
        foreach (MetadataOperation operation in evidence.History.Metadata.Where(each => each.Action == MetadataAction.Set))
        {
            settings[(operation.Topic, operation.Argument.Setting)] = operation;
        }

        Dictionary<(NodeId, string), (MetadataOperation View, MetadataOperation Set)> seen = [];
        foreach (
            MetadataOperation view in evidence
                .History.Metadata.Where(each =>
                    each is { Action: MetadataAction.View, Outcome: SendOutcome.Acknowledged, Argument.Setting: not 0 }
                )
                .OrderBy(each => each.InvokedUs)
        )
        {
            if (
                !settings.TryGetValue((view.Topic, view.Argument.Setting), out MetadataOperation? set)
                || set.Outcome == SendOutcome.Rejected
                || set.InvokedUs > view.CompletedUs
            )
            {
                Add($"node {view.Node} shows setting {view.Argument.Setting} of {view.Topic}, which nobody has set by then", view, found);
                continue;
            }

            // Only the newest setting that was seen is kept: nothing older can show more.
            if (
                seen.TryGetValue((view.Node, view.Topic), out (MetadataOperation View, MetadataOperation Set) newest)
                && newest.View.CompletedUs < view.InvokedUs
                && set.CompletedUs < newest.Set.InvokedUs
            )
            {
                Add(
                    $"node {view.Node} showed setting {newest.Set.Argument.Setting} of {view.Topic} and then {view.Argument.Setting}, "
                        + $"which is older",
                    view,
                    found
                );
            }
            else
            {
                seen[(view.Node, view.Topic)] = (view, set);
            }
        }
    }

    private static void Add(string what, MetadataOperation view, AnomalyList found) =>
        found.Add(new Anomaly(AnomalyKind.MetadataRegression, what) { Topic = view.Topic });
}
