using RaftLog.Benchmarks.Load;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>What one system did in one case.</summary>
/// <param name="Produce">At full speed.</param>
/// <param name="Paced">At a fixed rate that both systems hold.</param>
/// <param name="ProduceProcessor">Processor seconds of all nodes for a GiB produced.</param>
/// <param name="Consume">MiB a second that kcat read.</param>
/// <param name="ConsumeProcessor">Processor seconds of all nodes for a GiB consumed.</param>
/// <param name="IdleResident">MiB of resident memory of a node before the load, on average.</param>
/// <param name="LoadedResident">The same after it.</param>
/// <param name="Stolen">The part of the processors' time that the host took away meanwhile.</param>
internal sealed record CaseFigures(
    ProduceFigures Produce,
    ProduceFigures Paced,
    double ProduceProcessor,
    double Consume,
    double ConsumeProcessor,
    double IdleResident,
    double LoadedResident,
    double Stolen
);
