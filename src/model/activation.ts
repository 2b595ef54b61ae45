/**
 * `gelu` is the exact one, by the error function; `gelu_tanh` its approximation by tanh; silu is `x * sigmoid(x)`,
 * log1p_relu `log(1 + relu(x))`.
 */
export type Activation =
  | 'identity'
  | 'gelu'
  | 'gelu_tanh'
  | 'gelu_10'
  | 'quick_gelu'
  | 'silu'
  | 'relu'
  | 'relu2'
  | 'relu6'
  | 'leaky_relu'
  | 'elu'
  | 'selu'
  | 'tanh'
  | 'hard_tanh'
  | 'tanh_shrink'
  | 'sigmoid'
  | 'hard_sigmoid'
  | 'hard_swish'
  | 'log_sigmoid'
  | 'mish'
  | 'softplus'
  | 'log1p_relu'
  | 'softsign'
  | 'hard_shrink'
  | 'soft_shrink'
  | 'softmax'
  | 'log_softmax'
  | 'softmin'
  | 'laplace';
