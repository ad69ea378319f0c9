using System.Diagnostics.Metrics;

namespace RaftLog.Simulation;

/// <summary>
/// The meters of the clients of one run. The runtime keeps every meter, and with it what it measures, until somebody disposes it: clients
/// that are killed never do.
/// </summary>
internal sealed class SimMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    /// <inheritdoc/>
    public Meter Create(MeterOptions options)
    {
        Meter meter = new(options.Name, options.Version, options.Tags, scope: this);
        _meters.Add(meter);
        return meter;
    }

    /// <inheritdoc/>
    public void Dispose() => _meters.ForEach(static each => each.Dispose());
}
