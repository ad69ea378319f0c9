namespace RaftLog.Client.Produce;

/// <summary>The interceptors of one record, with what each has left for its end.</summary>
internal readonly struct Interception
{
    private readonly IReadOnlyList<IProducerInterceptor> _interceptors;
    private readonly object?[] _states;
    private readonly string _topic;

    private Interception(IReadOnlyList<IProducerInterceptor> interceptors, string topic) =>
        (_interceptors, _topic, _states) = (interceptors, topic, new object?[interceptors.Count]);

    /// <summary>Shows a record to all, each of which may exchange it for the next.</summary>
    public static Interception Begin(IReadOnlyList<IProducerInterceptor> interceptors, string topic, ref ProducerRecord record)
    {
        Interception interception = new(interceptors, topic);
        for (int i = 0; i < interceptors.Count; i++)
        {
            record = interceptors[i].OnProduce(topic, record, out interception._states[i]);
        }

        return interception;
    }

    /// <summary>Tells all of the end, the last first.</summary>
    public void End(ProduceResult result, Exception? failure)
    {
        for (int i = _interceptors.Count - 1; i >= 0; i--)
        {
            try
            {
                _interceptors[i].OnEnd(_topic, result, failure, _states[i]);
            }
            catch (Exception)
            {
                // The record has ended as it has, whatever an onlooker makes of it.
            }
        }
    }
}
